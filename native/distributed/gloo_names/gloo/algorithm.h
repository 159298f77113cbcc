// Stands in for gloo's header, which libtorch's packages leave out: ProcessGroupGloo.hpp needs only names.
#pragma once
