//! The sandboxed child alone: `medbot-sandbox sandbox-child KIND`, for tests and for installations
//! that want the child to be a smaller program than `medbot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [command, kind] = arguments.as_slice() else {
        return usage();
    };
    if command != "sandbox-child" {
        return usage();
    }
    workers::sandbox::child_main(kind)
}

fn usage() -> ExitCode {
    eprintln!("medbot-sandbox sandbox-child KIND is started by medbot, not by hand");
    ExitCode::from(2)
}
