flash_slim_test(elementary_test tests/elementary_test.cc)
