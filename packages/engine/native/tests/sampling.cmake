flash_slim_test(sampler_test tests/sampler_test.cc)
