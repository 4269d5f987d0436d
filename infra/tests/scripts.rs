//! The embedded conversion scripts against the machine's Python: a vocabulary becomes a sorted table,
//! and a pickle that wants to run code is refused before it does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn convert(folder: &Path, table: &str, source: &Path) -> (Output, PathBuf) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/vocabulary_to_tsv.py");
    let target = folder.join("table.tsv");
    let output = Command::new("python3")
        .arg(script)
        .args([table.as_ref(), source.as_os_str(), target.as_os_str()])
        .current_dir(folder)
        .output()
        .expect("python3 runs");
    (output, target)
}

/// Lets Python pickle what `expression` makes.
fn pickle(folder: &Path, expression: &str) -> PathBuf {
    let path = folder.join("dictionary.pkl.bz2");
    let program = format!(
        "import bz2, os, pickle, sys\n\
         class Evil:\n    def __reduce__(self): return (os.mkdir, ('evil',))\n\
         bz2.open(sys.argv[1], 'wb').write(pickle.dumps({expression}))"
    );
    let status = Command::new("python3")
        .arg("-c")
        .arg(program)
        .arg(&path)
        .status();
    assert!(status.expect("python3 runs").success());
    path
}

#[test]
fn dictionaries_become_sorted_tables_without_markup_and_doubles() {
    let folder = tempfile::tempdir().unwrap();
    let drugs = pickle(
        folder.path(),
        "{'drug_variant_to_canonical': {'zestril': ['lisinopril'], 'advil  pm': ['a', 'unknown'], \
         'tradename \\t=': ['a']}, 'drug_canonical_to_data': {'lisinopril': {'name': 'Lisinopril', \
         'drugbank_id': 'DB00722', 'mesh_id': 'D017706'}, 'a': {'name': 'A'}}, \
         'drug_variant_to_variant_data': {'zestril': {'is_brand': True}}}",
    );
    let expected = "variant\tname\tdrugbank\tmesh\tbrand\n\
                    advil pm\tA\t\t\t\n\
                    advil pm\tunknown\t\t\t\n\
                    zestril\tLisinopril\tDB00722\tD017706\tyes\n";
    let (output, table) = convert(folder.path(), "drugs", &drugs);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(table).unwrap(), expected);
}

#[test]
fn icd_titles_and_inclusion_terms_become_rows() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("tabular.xml");
    let xml = "<r><diag><name>I10</name><desc>Essential (primary) hypertension</desc>\
               <inclusionTerm><note>high blood  pressure</note></inclusionTerm></diag></r>";
    fs::write(&source, xml).unwrap();
    let (output, table) = convert(folder.path(), "icd10cm", &source);
    assert!(output.status.success(), "{output:?}");
    let expected = "code\tkind\ttext\nI10\tinclusion\thigh blood pressure\n\
                    I10\ttitle\tEssential (primary) hypertension\n";
    assert_eq!(fs::read_to_string(table).unwrap(), expected);
}

#[test]
fn bad_dictionaries_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (case, expression, reason) in [
        ("code", "Evil()", "the dictionary asks for posix.mkdir"),
        (
            "another dictionary",
            "{}",
            "the dictionary holds no table of drug variants",
        ),
        (
            "no dictionary",
            "1",
            "the dictionary holds no table of drug variants",
        ),
    ] {
        let source = pickle(folder.path(), expression);
        let (output, table) = convert(folder.path(), "drugs", &source);
        assert!(!output.status.success(), "{case}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            said.trim(),
            format!("the table of drugs was not made: {reason}"),
            "{case}"
        );
        assert!(!table.exists(), "{case}");
        assert!(
            !folder.path().join("evil").exists(),
            "{case}: the pickle ran"
        );
    }
}
