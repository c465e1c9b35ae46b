flash_slim_test(direct_file_test tests/direct_file_test.cc)
flash_slim_test(cache_test tests/cache_test.cc)
flash_slim_test(row_converter_test tests/row_converter_test.cc)
flash_slim_test(block_rows_test tests/block_rows_test.cc)
