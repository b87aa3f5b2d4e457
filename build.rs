//! A new migration alone makes cargo build again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
