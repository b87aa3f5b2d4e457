#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollcall::connectors::fuzz::kind_page(bytes));
