//! Links libdnc: from the folder DNC_LIB_DIR, otherwise from where the linker looks.
fn main() {
    println!("cargo:rerun-if-env-changed=DNC_LIB_DIR");
    if let Ok(folder) = std::env::var("DNC_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
    }
    println!("cargo:rustc-link-lib=dylib=dnc");
}
