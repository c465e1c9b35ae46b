# Cross-compiles for 64-bit ARM Linux and runs the tests under qemu-user:
#   cmake -S . -B build-arm64 -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake -DFLASH_SLIM_ADDON=OFF
# -DFLASH_SLIM_QEMU_CPU=cortex-a72 has no dot product, cortex-a76 and neoverse-n1 have it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# The emulated process finds the C library beside the cross compiler.
set(FLASH_SLIM_QEMU_CPU cortex-a76 CACHE STRING "CPU that qemu-user imitates")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L /usr/aarch64-linux-gnu -cpu ${FLASH_SLIM_QEMU_CPU})
