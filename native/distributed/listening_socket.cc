#include "distributed/listening_socket.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "runtime/error.h"

namespace tagformer {

int listening_socket(const std::string& address, std::uint16_t port) {
  const std::string where = address + ":" + std::to_string(port);
  const auto failed = [&](const std::string& why, const std::string& advice) -> Error {
    return {"DISTRIBUTED", "rank 0 cannot listen on " + where + ": " + why + "; " + advice};
  };
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int unknown = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &first);
  if (unknown != 0) throw failed(::gai_strerror(unknown), "set MASTER_ADDR to an address of this machine");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(first, ::freeaddrinfo);
  // NOLINTNEXTLINE(bugprone-signed-bitwise): so are POSIX's flags
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw failed(std::system_category().message(errno), "allow this process more open files");
  const int yes = 1;
  // A restart may follow the run before at once.
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(socket, found->ai_addr, found->ai_addrlen) == 0 && ::listen(socket, SOMAXCONN) == 0)
    return socket;
  const int error = errno;
  ::close(socket);
  throw failed(std::system_category().message(error),
               error == EADDRINUSE
                   ? "another process has that port: set MASTER_PORT to a free one, the same for all ranks"
                   : "set MASTER_ADDR to an address of the machine of rank 0");
}

}  // namespace tagformer
