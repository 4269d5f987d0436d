//! How much memory this process may hold: the least that its control group (cgroup v2) or one above it allows.

use std::{fs, path::Path};

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

    use super::limit;

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
