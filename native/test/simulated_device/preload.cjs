// node --require: opens the simulated device of the folder SIMULATED_DEVICE, before anything asks for libcuda.so.1,
// libtorch_cuda.so or libtagformer_cuda.so. The engine then finds them by their names.
const { constants } = require("node:os");
const { join } = require("node:path");
const { isMainThread } = require("node:worker_threads");

function open(file) {
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL);
  } catch (error) {
    // They are no add-ons of Node.js, and are open all the same.
    if (!/did not self-register/.test(error.message)) throw error;
  }
}

if (isMainThread && process.env.SIMULATED_DEVICE) {
  for (const name of ["libsimulated_device.so", "libtagformer_cuda.so"]) {
    open(join(process.env.SIMULATED_DEVICE, name));
  }
}
