use uuid::Uuid;

use super::*;

fn erased(n: u128) -> Erased {
    Erased {
        at: Utc::now(),
        tenant: TenantId::DEFAULT,
        document: DocumentId(Uuid::from_u128(n)),
    }
}

fn key(folder: &Path, name: &str) -> MasterKey {
    MasterKey::generate(&folder.join(name)).unwrap()
}

fn list(folder: &Path) -> ErasureList {
    ErasureList::new(
        folder.join("data/erased.jsonl"),
        Arc::new(key(folder, "key")),
    )
}

fn changed(list: &ErasureList) -> usize {
    match list.read() {
        Err(ErasureListError::Changed { line, .. }) => line,
        read => panic!("{read:?}"),
    }
}

#[test]
fn what_was_added_is_read_and_half_a_line_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path());
    assert_eq!(list.read().unwrap(), []);
    let all = [1, 2, 3].map(erased);
    list.add(&all[..1]).unwrap();
    list.add(&all[1..]).unwrap();
    assert_eq!(list.read().unwrap(), all);

    // A crash in the middle of a line, and the next erasure.
    let text = fs::read_to_string(list.path()).unwrap();
    fs::write(list.path(), &text[..text.len() - 9]).unwrap();
    assert_eq!(list.read().unwrap(), all[..2]);
    list.add(&all[..1]).unwrap();
    assert_eq!(list.read().unwrap(), [all[0], all[1], all[0]]);

    fs::write(list.path(), text.replacen("\"at\"", "\"on\"", 1)).unwrap();
    let harmed = list.read().unwrap_err();
    assert!(matches!(harmed, ErasureListError::Line { line: 1, .. }));
}

#[test]
fn every_harm_to_the_list_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path());
    list.add(&[1, 2, 3, 4].map(erased)).unwrap();
    let text = fs::read_to_string(list.path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let other = lines[1].replace("0000002", "0000009");
    let bare = lines[1].replace(",\"key\":", ",\"no\":");
    for (case, harmed, line) in [
        (
            "changed",
            joined(&[lines[0], &other, lines[2], lines[3]]),
            2,
        ),
        ("removed", joined(&[lines[0], lines[2], lines[3]]), 2),
        ("the first removed", joined(&lines[1..]), 1),
        (
            "exchanged",
            joined(&[lines[0], lines[2], lines[1], lines[3]]),
            2,
        ),
        (
            "twice",
            joined(&[lines[0], lines[0], lines[1], lines[2], lines[3]]),
            2,
        ),
        (
            "without its proof",
            joined(&[lines[0], &bare, lines[2], lines[3]]),
            3,
        ),
        ("a space", text.replacen("{\"at\"", "{ \"at\"", 1), 1),
    ] {
        fs::write(list.path(), harmed).unwrap();
        assert_eq!(changed(&list), line, "{case}");
        assert!(
            list.prove().is_err() && list.read_unproven().is_err(),
            "{case}"
        );
        // The next erasure heals nothing.
        list.add(&[erased(5)]).unwrap();
        assert_eq!(changed(&list), line, "{case}");
    }
    fs::write(list.path(), joined(&[lines[0], &bare])).unwrap();
    assert!(matches!(list.read(), Err(ErasureListError::Unproven(_))));
}

#[test]
fn what_an_earlier_program_wrote_is_proven_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path());
    list.prove().unwrap();
    assert!(!list.exists());
    let all = [1, 2, 3].map(erased);
    let bare = |erased: &Erased| serde_json::to_string(erased).unwrap() + "\n";
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(list.path(), bare(&all[0]) + &bare(&all[1])).unwrap();
    assert!(matches!(list.read(), Err(ErasureListError::Unproven(_))));
    assert_eq!(list.read_unproven().unwrap(), all[..2]);
    list.prove().unwrap();
    assert_eq!(list.read().unwrap(), all[..2]);
    let text = fs::read_to_string(list.path()).unwrap();
    list.prove().unwrap();
    assert_eq!(fs::read_to_string(list.path()).unwrap(), text, "once");
    list.add(&all[2..]).unwrap();
    assert_eq!(list.read().unwrap(), all);
    fs::write(list.path(), text.split_once('\n').unwrap().1).unwrap();
    assert_eq!(changed(&list), 2);
}

#[test]
fn a_master_key_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (key(folder.path(), "old"), key(folder.path(), "new"));
    let under =
        |master: MasterKey| ErasureList::new(folder.path().join("erased.jsonl"), Arc::new(master));
    let all = [1, 2].map(erased);
    under(old.clone()).add(&all[..1]).unwrap();
    let alone = under(new.clone()).read().unwrap_err();
    assert!(
        matches!(alone, ErasureListError::OtherKey { .. }),
        "{alone}"
    );
    let both = under(new.clone().accepting(old));
    assert_eq!(both.read().unwrap(), all[..1]);
    both.prove().unwrap();
    both.add(&all[1..]).unwrap();
    assert_eq!(under(new).read().unwrap(), all);
}

#[test]
fn an_end_that_is_cut_off_shows_against_the_anchors() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = Anchors::new(folder.path().join("anchors"));
    let bare = list(folder.path());
    let list = bare.clone().anchored(Some(&anchors));
    let all = [1, 2, 3, 4].map(erased);
    // One that is older than its anchors is written down from its next proof on.
    bare.add(&all[..1]).unwrap();
    list.prove().unwrap();
    assert_eq!(list.add(&all[1..3]).unwrap(), 3);
    assert_eq!(list.read().unwrap(), all[..3]);
    let gone = list.path().with_extension("gone");
    fs::rename(list.path(), &gone).unwrap();
    assert!(matches!(
        list.prove(),
        Err(ErasureListError::Cut { lines: 3, .. })
    ));
    fs::rename(gone, list.path()).unwrap();
    let whole = fs::read_to_string(list.path()).unwrap();
    let (first, _) = whole.split_once('\n').unwrap();
    for (case, cut) in [
        ("its end", format!("{first}\n")),
        ("half a line", whole[..whole.len() - 9].to_owned()),
        ("all of it", String::new()),
    ] {
        fs::write(list.path(), &cut).unwrap();
        assert!(bare.read().is_ok(), "{case}: no line is wrong");
        for found in [
            list.read().map(drop),
            list.read_unproven().map(drop),
            list.prove(),
        ] {
            let is_cut = matches!(found, Err(ErasureListError::Cut { lines: 3, .. }));
            assert!(is_cut, "{case}: {found:?}");
        }
        // The next erasure is taken, and heals nothing.
        list.add(&all[3..]).unwrap();
        assert!(
            matches!(list.read(), Err(ErasureListError::Cut { lines: 3, .. })),
            "{case}"
        );
    }
    fs::write(list.path(), &whole).unwrap();
    list.add(&all[3..]).unwrap();
    assert_eq!(list.read().unwrap(), all);
    // Another list of as many lines, by whoever has the key.
    fs::remove_file(list.path()).unwrap();
    bare.add(&[5, 6, 7, 8].map(erased)).unwrap();
    assert!(matches!(
        list.read(),
        Err(ErasureListError::Cut { lines: 4, .. })
    ));
    assert!(bare.anchored(None).read().is_ok());
}

/// A backup that reads the list while documents are erased.
#[test]
fn what_is_added_meanwhile_is_no_cut() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = Anchors::new(folder.path().join("anchors"));
    let list = list(folder.path()).anchored(Some(&anchors));
    let adds = list.clone();
    let added = std::thread::spawn(move || {
        for n in 0..100 {
            adds.add(&[erased(n)]).unwrap();
        }
    });
    let mut seen = 0;
    while !added.is_finished() {
        let read = list.read().unwrap().len();
        assert!(read >= seen, "{read} after {seen}");
        seen = read;
    }
    added.join().unwrap();
    assert_eq!(list.read().unwrap().len(), 100);
}

#[test]
fn a_list_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let master = Arc::new(key(folder.path(), "key"));
    let list = ErasureList::new(folder.path().to_path_buf(), master);
    assert!(matches!(
        list.add(&[erased(1)]),
        Err(ErasureListError::File { .. })
    ));
}
