//! The sandboxed child alone: `medbot-sandbox sandbox-child KIND`, for tests and for installations
//! that want the child to be a smaller program than `medbot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (
        arguments.next().as_deref(),
        arguments.next(),
        arguments.next(),
    ) {
        (Some("sandbox-child"), Some(kind), None) => workers::sandbox::child_main(&kind),
        _ => {
            eprintln!("medbot-sandbox sandbox-child KIND is started by medbot, not by hand");
            ExitCode::from(2)
        }
    }
}
