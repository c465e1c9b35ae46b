# cmake -DNM=... -DARCHIVE=libflash_slim.a -P check_kernel_linkage.cmake
# An inline function that a kernel file emits as a weak symbol may be the copy that the linker keeps for the whole
# program: compiled for AVX-512, run on a CPU without. No other test sees it, since the machines that run them have it.
execute_process(COMMAND ${NM} -A ${ARCHIVE} OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${ARCHIVE}")
endif()
set(files "(avx2|avx512vnni|neondot|crc32c_x86|crc32c_arm)\\.cc\\.o")
string(REGEX MATCHALL "[^\n]*${files}:[^\n]* D [^\n]*" tables "${symbols}")
string(REGEX MATCHALL "[^\n]*${files}:[^\n]* [WVu] [^\n]*" weak "${symbols}")
if(NOT tables)
  message(FATAL_ERROR "no kernel table found in ${ARCHIVE}: have the files been renamed?")
endif()
if(weak)
  string(REPLACE ";" "\n" weak "${weak}")
  message(FATAL_ERROR "weak symbols in files compiled for one instruction set; give them internal linkage:\n${weak}")
endif()
