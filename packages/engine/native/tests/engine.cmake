flash_slim_test(prefetcher_test tests/prefetcher_test.cc)
flash_slim_test(kv_cache_test tests/kv_cache_test.cc)
flash_slim_test(thread_pool_test tests/thread_pool_test.cc)
