//! How much memory this process may hold: the least that its control group (cgroup v2) or one above it allows.

use std::{fs, path::Path};

/// How much memory there is for this process and its children, in bytes: the limit of its control group or the
/// machine's memory, whichever is less. None where neither is said.
#[must_use]
pub fn memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.as_deref().and_then(of_machine);
    [memory_limit(), machine].into_iter().flatten().min()
}

/// What `/proc/meminfo` says that the machine has.
fn of_machine(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The limit in bytes; None where there is none, or no cgroup v2.
pub(super) fn memory_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    limit(Path::new("/sys/fs/cgroup"), &groups)
}

/// Of the group that `/proc/self/cgroup` names below the place where groups are mounted.
fn limit(mount: &Path, groups: &str) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let own = mount.join(own.trim_start_matches('/'));
    own.ancestors()
        .take_while(|group| group.starts_with(mount))
        .filter_map(|group| fs::read_to_string(group.join("memory.max")).ok())
        .filter_map(|text| text.trim().parse().ok())
        .min()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{limit, of_machine};

    #[test]
    fn the_machine_says_what_it_has() {
        let text = "MemTotal:       24635840 kB\nMemFree:          123 kB\n";
        assert_eq!(of_machine(text), Some(24_635_840 << 10));
        assert_eq!(of_machine("MemFree: 123 kB\n"), None);
    }

    #[test]
    fn the_least_limit_above_holds_and_max_is_none() -> std::io::Result<()> {
        let mount = tempfile::tempdir()?;
        let unit = mount.path().join("system.slice/medbot.service");
        fs::create_dir_all(&unit)?;
        let own = "1:name=systemd:/old\n0::/system.slice/medbot.service\n";
        assert_eq!(limit(mount.path(), own), None);
        fs::write(unit.join("memory.max"), "max\n")?;
        assert_eq!(limit(mount.path(), own), None);
        fs::write(mount.path().join("system.slice/memory.max"), "4294967296\n")?;
        assert_eq!(limit(mount.path(), own), Some(4 << 30));
        fs::write(unit.join("memory.max"), "1073741824\n")?;
        assert_eq!(limit(mount.path(), own), Some(1 << 30));
        // A container's own group is its root.
        fs::write(mount.path().join("memory.max"), "512\n")?;
        assert_eq!(limit(mount.path(), "0::/\n"), Some(512));
        assert_eq!(limit(mount.path(), "3:memory:/docker\n"), None);
        Ok(())
    }
}
