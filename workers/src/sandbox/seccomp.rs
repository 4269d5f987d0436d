//! The system calls that a confined child may make.
//!
//! Three filters: one kills for what no decoder ever needs (exec, ptrace, module loading, `io_uring`),
//! one answers `EACCES` or `ENOSYS` where a library then falls back quietly, and an allow list gives
//! `EPERM` to everything else. The kernel takes the strictest answer of all, so the allow list lets
//! pass what the other filters answer, and goes last because it forbids installing any more.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs the filters on every thread of this process; they can never be taken off.
///
/// # Errors
/// A sentence: the kernel has no seccomp filters, or the machine's architecture is not known.
pub(super) fn confine() -> Result<(), String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|e| e.to_string())?;
    for program in programs(arch).map_err(|e| e.to_string())? {
        seccompiler::apply_filter_all_threads(&program).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn programs(arch: TargetArch) -> Result<Vec<BpfProgram>, seccompiler::BackendError> {
    let eperm = SeccompAction::Errno(libc::EPERM as u32);
    let filters = [
        (
            always(&[libc::SYS_openat, libc::SYS_openat2]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EACCES as u32),
        ),
        (
            // Without clone3, glibc falls back to clone, whose flags a filter can read.
            always(&[libc::SYS_clone3]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS as u32),
        ),
        (
            always(KILLED),
            SeccompAction::Allow,
            SeccompAction::KillProcess,
        ),
        (allowed()?, eperm, SeccompAction::Allow),
    ];
    filters
        .into_iter()
        .map(|(rules, mismatch, matched)| {
            SeccompFilter::new(rules, mismatch, matched, arch)?.try_into()
        })
        .collect()
}

/// No decoder ever calls these: a child that does has been taken over.
const KILLED: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
];

const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_ppoll,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Answered by another filter.
    libc::SYS_clone3,
    libc::SYS_openat,
    libc::SYS_openat2,
];

#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[libc::c_long] = &[libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[libc::c_long] = &[];

fn allowed() -> Result<Rules, seccompiler::BackendError> {
    let mut rules = always(ALLOWED);
    rules.extend(always(ALLOWED_HERE));
    rules.extend(always(KILLED));
    let not_executable = || masked(2, libc::PROT_EXEC as u64, 0);
    rules.insert(
        libc::SYS_mmap,
        vec![SeccompRule::new(vec![not_executable()?])?],
    );
    rules.insert(
        libc::SYS_mprotect,
        vec![SeccompRule::new(vec![not_executable()?])?],
    );
    // Threads share the address space and this filter; processes are refused.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(
        libc::SYS_clone,
        vec![SeccompRule::new(vec![masked(0, thread, thread)?])?],
    );
    // A limit may be read, never set.
    rules.insert(
        libc::SYS_prlimit64,
        vec![SeccompRule::new(vec![SeccompCondition::new(
            2,
            Len::Qword,
            Op::Eq,
            0,
        )?])?],
    );
    rules.insert(
        libc::SYS_prctl,
        vec![SeccompRule::new(vec![SeccompCondition::new(
            0,
            Len::Dword,
            Op::Eq,
            libc::PR_SET_NAME as u64,
        )?])?],
    );
    // A signal may go to this process alone: that is how abort ends it.
    let own = u64::from(std::process::id());
    rules.insert(
        libc::SYS_tgkill,
        vec![SeccompRule::new(vec![SeccompCondition::new(
            0,
            Len::Dword,
            Op::Eq,
            own,
        )?])?],
    );
    Ok(rules)
}

fn masked(arg: u8, mask: u64, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(arg, Len::Dword, Op::MaskedEq(mask), value)
}

fn always(calls: &[libc::c_long]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

#[cfg(test)]
mod tests {
    use super::programs;
    use seccompiler::TargetArch;

    #[test]
    fn the_filters_compile_and_fit_the_kernel() {
        let here = TargetArch::try_from(std::env::consts::ARCH).unwrap();
        for program in programs(here).unwrap() {
            assert!(
                !program.is_empty() && program.len() <= 4096,
                "{} steps",
                program.len()
            );
        }
    }
}
