flash_slim_test(crc32c_test tests/crc32c_test.cc)
flash_slim_test(layout_test tests/layout_test.cc)
flash_slim_test(kernels_test tests/kernels_test.cc)
