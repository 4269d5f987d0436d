//! Embeddings of texts that ship with medbot, so that no start encodes them: the passages of the cards and the
//! wordings of the ranking. `benches --bin retrieval -- --embed` writes them; a text that changed since is not
//! known any more and is encoded where it is needed.
//!
//! The file begins with the SHA-256 of the model in hexadecimal. For each text follow, in the order of the
//! digests, the first half of its SHA-256, the length of a step as a little-endian f32 and a signed byte of steps
//! a dimension.

use infra::models::Asset;
use sha2::{Digest as _, Sha256};
use workers::encoder::{DIMENSIONS, EncodeError, Encoder};

use super::{cards, rank};

const FILE: &[u8] = include_bytes!("known.bin");
/// Bytes of the model's digest, and of a text's.
const MODEL: usize = 64;
const TEXT: usize = 16;
const STEP: usize = 4;
const RECORD: usize = TEXT + STEP + DIMENSIONS;

/// The SHA-256 of the model that encoded them, in hexadecimal.
pub(crate) fn model() -> &'static [u8] {
    &FILE[..MODEL]
}

/// The embedding of a text that ships, of length 1 but for rounding.
pub(crate) fn embedding(text: &str) -> Option<Vec<f32>> {
    let records = &FILE[MODEL..];
    let digest = digest(text);
    let (mut from, mut to) = (0, records.len() / RECORD);
    while from < to {
        let middle = usize::midpoint(from, to);
        let record = &records[middle * RECORD..(middle + 1) * RECORD];
        match record[..TEXT].cmp(&digest) {
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Greater => to = middle,
            std::cmp::Ordering::Equal => return Some(decoded(&record[TEXT..])),
        }
    }
    None
}

/// The texts that ship, each once.
#[must_use]
pub fn texts() -> Vec<String> {
    let mut texts: Vec<String> = rank::wordings().collect();
    texts.extend(cards::shipped_texts());
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// The file, as the installed model encodes the texts.
///
/// # Errors
/// When a text cannot be encoded.
pub fn file(encoder: &Encoder) -> Result<Vec<u8>, EncodeError> {
    let model = &Asset::Minilm.entry().sha256;
    let mut records = Vec::new();
    for text in &texts() {
        let embedding = encoder.encode(text)?;
        records.push([digest(text).to_vec(), encoded(&embedding)].concat());
    }
    records.sort_unstable();
    Ok([model.as_bytes(), &records.concat()].concat())
}

fn digest(text: &str) -> [u8; TEXT] {
    let whole: [u8; 32] = Sha256::digest(text).into();
    let mut half = [0; TEXT];
    half.copy_from_slice(&whole[..TEXT]);
    half
}

fn encoded(embedding: &[f32]) -> Vec<u8> {
    let largest = embedding.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let step = largest.max(f32::MIN_POSITIVE) / f32::from(i8::MAX);
    let mut out = step.to_le_bytes().to_vec();
    out.extend(
        embedding
            .iter()
            .map(|x| ((x / step).round() as i8).to_le_bytes()[0]),
    );
    out
}

fn decoded(record: &[u8]) -> Vec<f32> {
    let (step, numbers) = record.split_at(STEP);
    let step = f32::from_le_bytes([step[0], step[1], step[2], step[3]]);
    numbers
        .iter()
        .map(|byte| step * f32::from(i8::from_le_bytes([*byte])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_ships_is_known() {
        assert_eq!(model(), Asset::Minilm.entry().sha256.as_bytes());
        let texts = texts();
        assert!(texts.len() > 400, "{} texts", texts.len());
        for text in &texts {
            let known = embedding(text);
            let known = known.unwrap_or_else(|| {
                panic!("`benches --bin retrieval -- --embed` was not run since: {text}")
            });
            let length = known.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 1.0).abs() < 0.01, "{length} long: {text}");
        }
        assert_eq!(embedding("No card says this."), None);
        assert_eq!(FILE.len(), MODEL + texts.len() * RECORD, "and nothing else");
    }

    #[test]
    fn a_byte_a_dimension_is_near_enough() {
        let mut embedding: Vec<f32> = (0..DIMENSIONS).map(|n| (n as f32).sin()).collect();
        let length = embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
        embedding.iter_mut().for_each(|x| *x /= length);
        let back = decoded(&encoded(&embedding));
        let cosine: f32 = embedding.iter().zip(&back).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.999, "{cosine}");
    }
}
