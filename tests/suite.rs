//! All integration tests, one program.

mod config;
