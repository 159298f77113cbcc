// Functions whose newest version in this machine's libraries an older system does not have: the add-on asks
// for the ones of glibc 2.28 and the libstdc++ beside it, for which libtorch is built (manylinux_2_28),
// wherever it was compiled. Our own sources find the functions here, because a hidden definition comes before
// a library's.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#ifdef __x86_64__
#define TAGFORMER_OLDEST "@GLIBC_2.2.5"
#else
#define TAGFORMER_OLDEST "@GLIBC_2.17"
#endif
#define TAGFORMER_HIDDEN __attribute__((visibility("hidden")))
/// Declares old_NAME, which is NAME in its oldest version.
#define TAGFORMER_OLD(result, name, ...) \
  result old_##name(__VA_ARGS__);        \
  __asm__(".symver old_" #name "," #name TAGFORMER_OLDEST)

extern "C" {

// New in 2.29: they no longer look at _LIB_VERSION for how to report errors.
TAGFORMER_OLD(double, log, double);
TAGFORMER_HIDDEN double log(double x) { return old_log(x); }
TAGFORMER_OLD(double, pow, double, double);
TAGFORMER_HIDDEN double pow(double x, double y) { return old_pow(x, y); }

// New in 2.34, when libdl became a part of libc.
TAGFORMER_OLD(void*, dlopen, const char*, int);
TAGFORMER_HIDDEN void* dlopen(const char* file, int mode) { return old_dlopen(file, mode); }
TAGFORMER_OLD(void*, dlsym, void*, const char*);
TAGFORMER_HIDDEN void* dlsym(void* library, const char* name) { return old_dlsym(library, name); }
TAGFORMER_OLD(char*, dlerror);
TAGFORMER_HIDDEN char* dlerror() { return old_dlerror(); }
TAGFORMER_OLD(int, dladdr, const void*, void*);
TAGFORMER_HIDDEN int dladdr(const void* address, void* found) { return old_dladdr(address, found); }

// Functions since 2.33; before, headers made calls of __fxstat and __xstat of them. The kernel fills in
// glibc's structure.
TAGFORMER_HIDDEN int fstat(int descriptor, struct stat* found) noexcept {
  return static_cast<int>(syscall(SYS_fstat, descriptor, found));  // NOLINT(*-vararg): POSIX's
}
TAGFORMER_HIDDEN int stat(const char* path, struct stat* found) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, found, 0));  // NOLINT(*-vararg)
}

// Since 2.30.
// NOLINTNEXTLINE(*-vararg)
TAGFORMER_HIDDEN pid_t gettid() noexcept { return static_cast<pid_t>(syscall(SYS_gettid)); }

// Since 2.32: whether references may be counted without atomic operations. There is never one thread alone
// here.
// NOLINTNEXTLINE(readability-redundant-declaration): here it is hidden
extern TAGFORMER_HIDDEN char __libc_single_threaded;
char __libc_single_threaded = 0;

// New in GCC 12's libstdc++ (GLIBCXX_3.4.30), where it may throw because its thread was cancelled.
void old_wait(std::condition_variable* condition, std::unique_lock<std::mutex>& lock);
__asm__(".symver old_wait, _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
TAGFORMER_HIDDEN void wait_as_before(
    std::condition_variable* condition,
    std::unique_lock<std::mutex>& lock) __asm__("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE");
void wait_as_before(std::condition_variable* condition, std::unique_lock<std::mutex>& lock) {
  old_wait(condition, lock);
}
}
