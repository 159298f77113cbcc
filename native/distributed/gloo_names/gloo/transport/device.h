// Stands in for gloo's header, which libtorch's packages leave out: ProcessGroupGloo.hpp needs only names.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer;

}  // namespace gloo::transport
