#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollcall_rules::fuzz::expression(bytes));
