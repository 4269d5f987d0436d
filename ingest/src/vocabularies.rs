//! The vocabularies that names and codes come from: packed once, by `medbot setup`, and loaded once.
//!
//! A packed file carries the hash of its table and the rule of packing in its name, so that one of
//! another version is not used. `RxNorm` is a site's own: it is there when somebody gave its release to `medbot setup --rxnorm`.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use extract::{
    Lexicon,
    coding::{DRUGBANK, MESH, Packer, Vocabulary, add_icd10cm, add_rxnorm},
};
use infra::models::{Asset, Cache};
use zip::ZipArchive;

const RXNORM: &str = "rxnorm.packed";
const RXNCONSO: &str = "RXNCONSO.RRF";
/// Grows whenever a table is packed by another rule.
const PACKING: u32 = 2;
/// Longest row that is read.
const ROW_BYTES: u64 = 1 << 16;

/// A table of the lock and how it is packed.
const TABLES: [(Asset, fn(&str) -> Packer); 2] =
    [(Asset::DrugNames, drugs), (Asset::Icd10cm, icd10cm)];

/// Packs the installed tables, those that are packed already excepted.
///
/// # Errors
/// When a table is missing or the cache is not writable.
pub fn pack(cache: &Cache) -> anyhow::Result<()> {
    for (asset, packer) in TABLES {
        let path = packed(cache, asset);
        if read(&path).is_none() {
            let table = fs::read_to_string(cache.require(asset)?)
                .with_context(|| format!("the table {} is not text", asset.entry().name))?;
            write(&path, &packer(&table).pack()?)?;
        }
    }
    Ok(())
}

/// Packs an official release of `RxNorm`, its zip or the `RXNCONSO.RRF` inside it. Gives the number of names.
///
/// # Errors
/// When the file cannot be read or is something else, or the cache is not writable; what was loaded before
/// is then kept.
pub fn add_release(cache: &Cache, file: &Path) -> anyhow::Result<usize> {
    let shown = file.display();
    let mut opened = File::open(file).with_context(|| format!("cannot read {shown}"))?;
    let mut magic = [0; 4];
    let read = opened
        .read(&mut magic)
        .with_context(|| format!("cannot read {shown}"))?;
    opened.rewind()?;
    let packer = if magic[..read] == *b"PK\x03\x04" {
        let mut archive = ZipArchive::new(BufReader::new(opened))
            .with_context(|| format!("{shown} is not a whole zip"))?;
        let mut members: Vec<String> = archive
            .file_names()
            .filter_map(Result::ok)
            .filter(|name| name.rsplit('/').next() == Some(RXNCONSO))
            .map(Cow::into_owned)
            .collect();
        // The full release also holds the prescribable part, one folder further down.
        members.sort_by_key(String::len);
        let member = members
            .first()
            .with_context(|| format!("{shown} holds no {RXNCONSO}: it is no release of RxNorm"))?;
        rows(BufReader::new(archive.by_name(member)?))
    } else {
        rows(BufReader::new(opened))
    };
    let bytes = packer
        .with_context(|| format!("{shown} is not {RXNCONSO} of a release of RxNorm"))?
        .pack()?;
    let names = Vocabulary::read(bytes.clone())?.len();
    write(&folder(cache).join(RXNORM), &bytes)?;
    Ok(names)
}

fn rows(mut file: impl BufRead) -> anyhow::Result<Packer> {
    let mut packer = Packer::default();
    let (mut number, mut taken) = (0u64, 0u64);
    let mut row = Vec::new();
    loop {
        row.clear();
        number += 1;
        let length = (&mut file).take(ROW_BYTES).read_until(b'\n', &mut row)?;
        if length == 0 {
            break;
        }
        let row = std::str::from_utf8(&row)
            .ok()
            .with_context(|| format!("line {number} is not text"))?;
        let own = add_rxnorm(&mut packer, row.trim_end_matches(['\r', '\n']))
            .with_context(|| format!("line {number}"))?;
        taken += u64::from(own);
    }
    ensure!(
        taken > 0,
        "no row is a name of RxNorm's own that is in force"
    );
    Ok(packer)
}

/// Words that extraction knows: its own, and those vocabularies that are installed.
#[must_use]
pub fn lexicon() -> Lexicon {
    Cache::locate().map_or_else(|_| Lexicon::builtin(), |cache| load(&cache))
}

fn load(cache: &Cache) -> Lexicon {
    let mut lexicon = Lexicon::builtin();
    if let Some(drugs) = table(cache, Asset::DrugNames, drugs) {
        lexicon = lexicon.with_drugs(drugs);
    }
    if let Some(icd10cm) = table(cache, Asset::Icd10cm, icd10cm) {
        lexicon = lexicon.with_icd10cm(icd10cm);
    }
    let path = folder(cache).join(RXNORM);
    if let Some(rxnorm) = read(&path) {
        lexicon = lexicon.with_rxnorm(rxnorm);
    } else if path.exists() {
        tracing::warn!(
            "RxNorm cannot be loaded: give its release to `medbot setup --rxnorm` again"
        );
    }
    lexicon
}

/// The packed table, or else one that is packed now, for caches that another version set up.
fn table(cache: &Cache, asset: Asset, packer: fn(&str) -> Packer) -> Option<Vocabulary> {
    read(&packed(cache, asset)).or_else(|| {
        let table = fs::read_to_string(cache.require(asset).ok()?).ok()?;
        Vocabulary::read(packer(&table).pack().ok()?).ok()
    })
}

/// The table gives many drugs the `MeSH` id of their class: an id that several names share is no name's code.
fn drugs(table: &str) -> Packer {
    let rows = || {
        table.lines().skip(1).map(|row| {
            let mut cells = row.split('\t');
            let mut cell = || cells.next().unwrap_or_default();
            [cell(), cell(), cell(), cell()]
        })
    };
    let mut named: HashMap<&str, HashSet<&str>> = HashMap::new();
    for [_, name, _, mesh] in rows() {
        named.entry(mesh).or_default().insert(name);
    }
    let mut packer = Packer::default();
    for [variant, name, drugbank, mesh] in rows() {
        let class = named.get(mesh).is_some_and(|names| names.len() > 1);
        let mesh = if class { "" } else { mesh };
        // A name itself is a better match than a variant of another name.
        let rank = u8::from(!variant.eq_ignore_ascii_case(name));
        packer.add(variant, DRUGBANK, drugbank, name, rank);
        packer.add(variant, MESH, mesh, name, rank);
    }
    packer
}

fn icd10cm(table: &str) -> Packer {
    let rows = || {
        table.lines().skip(1).filter_map(|row| {
            let mut cells = row.splitn(3, '\t');
            Some((cells.next()?, cells.next()?, cells.next()?))
        })
    };
    let titles: HashMap<&str, &str> = rows()
        .filter(|(_, kind, _)| *kind == "title")
        .map(|(code, _, title)| (code, title))
        .collect();
    let mut packer = Packer::default();
    for (code, _, text) in rows() {
        let title = titles.get(code).copied().unwrap_or(text);
        add_icd10cm(&mut packer, code, title, text);
    }
    packer
}

fn folder(cache: &Cache) -> PathBuf {
    cache.root().join("vocabularies")
}

fn packed(cache: &Cache, asset: Asset) -> PathBuf {
    let entry = asset.entry();
    let version = entry.sha256.get(..16).unwrap_or(&entry.sha256);
    let name = entry.name.trim_end_matches(".tsv");
    folder(cache).join(format!("{name}-{version}-{PACKING}.packed"))
}

fn read(path: &Path) -> Option<Vocabulary> {
    Vocabulary::read(fs::read(path).ok()?).ok()
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let unwritable = || format!("cannot write {}", path.display());
    let Some(folder) = path.parent() else {
        bail!(unwritable());
    };
    fs::create_dir_all(folder).with_context(unwritable)?;
    let part = path.with_extension(format!("part-{}", std::process::id()));
    let written: io::Result<()> = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.with_context(unwritable)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use extract::{Source, extract};
    use infra::models::Cache;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::{add_release, load};

    const RRF: &str = "161|ENG||||||A1||161||RXNORM|IN|161|zzyvomycin||N|4096|\n\
        1001|ENG||||||A2||1001||RXNORM|SCD|1001|zzyvomycin 2.5 MG Oral Tablet||N|4096|\n\
        161|ENG||||||A3||161||MTHSPL|SU|X|ZZYVOMYCIN||N||\n";

    #[test]
    fn a_release_gives_drugs_their_codes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"));
        let plain = folder.path().join("RXNCONSO.RRF");
        fs::write(&plain, RRF).unwrap();
        assert_eq!(add_release(&cache, &plain).unwrap(), 2);
        let text = "Medications:\nZzyvomycin 2.5 mg tablets, 1 tablet twice daily\n";
        let found = extract(&Source { text, words: &[] }, &load(&cache)).entities;
        let [drug] = &found[..] else {
            panic!("one drug: {found:?}");
        };
        assert_eq!(drug.codes[0].code, "161");
        assert_eq!(
            drug.codes[0].system,
            "http://www.nlm.nih.gov/research/umls/rxnorm"
        );
        let product = drug.candidates.iter().find_map(|c| c.code.as_deref());
        assert_eq!(product, Some("1001"));

        let zipped = folder.path().join("release.zip");
        let mut zip = ZipWriter::new(fs::File::create(&zipped).unwrap());
        for (name, rows) in [
            ("prescribe/rrf/RXNCONSO.RRF", "x"),
            ("rrf/RXNCONSO.RRF", RRF),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(rows.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let other = Cache::at(folder.path().join("other"));
        assert_eq!(add_release(&other, &zipped).unwrap(), 2);
    }

    #[test]
    fn what_is_no_release_is_refused_and_the_old_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"));
        let file = folder.path().join("given");
        fs::write(&file, RRF).unwrap();
        add_release(&cache, &file).unwrap();
        let foreign = RRF.replace("|RXNORM|", "|OTHER|");
        for (bytes, why) in [
            (&b""[..], "no row is a name"),
            (b"name,code\nzzyvomycin,161\n", "has 0"),
            (b"\xff\xfe\x00", "line 1 is not text"),
            (b"PK\x03\x04 cut off", "not a whole zip"),
            (foreign.as_bytes(), "no row is a name"),
        ] {
            fs::write(&file, bytes).unwrap();
            let error = format!("{:#}", add_release(&cache, &file).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
        fs::remove_file(&file).unwrap();
        let error = format!("{:#}", add_release(&cache, &file).unwrap_err());
        assert!(error.contains("cannot read"), "{error}");
        let text = "Medications:\nZzyvomycin 2.5 mg tablets, 1 tablet twice daily\n";
        let found = extract(&Source { text, words: &[] }, &load(&cache)).entities;
        assert_eq!(found[0].codes[0].code, "161");
    }
}
