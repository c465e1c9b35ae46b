flash_slim_test(crc32c_test tests/crc32c_test.cc)
flash_slim_test(layout_test tests/layout_test.cc)
flash_slim_test(kernels_test tests/kernels_test.cc)
# Sanitizers emit weak symbols of their own.
if(NOT FLASH_SLIM_SANITIZE)
  add_test(NAME kernel_linkage_test
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DARCHIVE=$<TARGET_FILE:flash_slim>
            -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/check_kernel_linkage.cmake)
endif()
