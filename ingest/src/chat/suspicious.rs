//! Text of a document that speaks to whoever reads it by machine: orders, roles, markup, links, what is
//! encoded. It is data all the same; an answer quotes none of it, and takes no fact from it.

use super::{evidence::DocumentEvidence, expression::expression};

expression!(
    SIGNS,
    r"(?ix)
        \bignor\w+ | \b(disregard|forget|override|bypass)\b.{0,30}\b(instruction|rule|previous|above|prior|everything|all)
        | \b(system|assistant|user|developer|human|ai|chatbot)\s*[:>\]] | \b(system\s+prompt|maintenance\s+mode|developer\s+mode|jailbreak\w*|dan\s+mode)\b
        | <\|?\s*/?[a-z] | \|> | \[/?inst\] | <</?sys>> | \#\#\# | \[card: | !\[ | \]\( | javascript: | https?:// | www\. | \{\s*\x22
        | \b(note|message|instruction|attention|reminder|memo|dear)s?\s+(to|for)\s+(the\s+|all\s+|any\s+)?(assistant|ai|model|bot|chatbot|llm|system|reader|software|computer)\b
        | \byou\s+are\s+(now|no\s+longer|a\s|an\s|hereby) | \bpretend\b | \bact\s+as\b | \brole-?play\b | \bfrom\s+now\s+on\b | \bwhen(ever)?\s+(you\s+are\s+|you're\s+)?asked\b | \bif\s+(anyone|someone|the\s+user|you\s+are|you're)\b.{0,30}\basks?
        | \b(answer|respond|reply|output|say|print|write|repeat|reveal|translate|decode|execute|run|call|send|email|forward|upload|post|delete|list|show|summari[sz]e|tell|inform|recommend|advise)\b.{0,40}\b(only|prompt|instruction|rules?|json|conversation|all\s+patients|secret|password|key|word|tool|api|exactly|following|user|patient|reader|everyone|base64)\b
        | \bdo\s+not\s+(mention|tell|reveal|say|disclose|cite|warn|refuse) | \b(text|document|page|order|information|everything)\s+above\b | \bthe\s+(real|true|actual|correct)\s+(patient|dose|drug|name|date|answer|value)
        | \b(new|updated|secret|hidden|special|following)\s+(policy|rules?|instructions?|guidelines?)\b | \bno\s+(restrictions|limits|filters?)\b | \bsafety\s+(rules?|filters?|checks?)\b
        | \b(consent|authori[sz]e[sd]?|agree[sd]?|permission)\b.{0,40}\b(share|sharing|send|use|third|ads?)\b | \bverified\s+by\b | \bcorrected\s+by\b
        | \b(as|since)\s+(an?\s+)?(ai|language\s+model|assistant)\b | \bsay\s+so\b | \brules?\s+(is|are)\s+(wrong|void|off) | \b(source|according\s+to|reference)\s*:?\s*(the\s+)?(fda|ema|mhra|cdc)\b | \b(certainly|sure|of\s+course)\s*! | \bhypothetical\w* | \bgrand(mother|ma)\b.{0,40}\bread
        | \byou\s+are\s+\w*(gpt|bot|model)\b | \b(stay|remain|keep)\s+in\s+(this|that|your)\s+role\b | \b(tool|function)\s+calls?\b | \b[a-z]+_[a-z]+\( | \b(show|list|give|open)\b.{0,40}\btenants?\b
        | (?:\b[a-z]\s+){5,}"
);

/// Does text speak to a machine?
pub(crate) fn is_suspicious(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let latin = text
        .chars()
        .filter(|c| c.is_alphabetic() && (*c as u32) < 0x250)
        .count();
    let foreign = letters >= 4 && 2 * latin < letters;
    foreign || text.split_whitespace().any(is_encoded) || SIGNS.is_match(text)
}

/// A long run of letters of both cases and digits.
fn is_encoded(word: &str) -> bool {
    let mixed = |of: fn(&char) -> bool| word.chars().filter(of).count();
    word.len() >= 20
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c))
        && mixed(char::is_ascii_uppercase) >= 4
        && mixed(char::is_ascii_lowercase) >= 4
}

/// Takes out what is suspicious, and facts that rest on any of it.
pub(crate) fn leave_out(document: &mut DocumentEvidence) {
    document
        .facts
        .retain(|fact| !is_suspicious(&fact.entity.text));
    document.leave_out(|unit| is_suspicious(&unit.text));
}

#[cfg(test)]
mod tests {
    use extract::Lexicon;

    use super::is_suspicious;
    use crate::chat::{
        find, printed::printed, question::Asked, rank::Meanings, red_flag, red_flags,
        replies::referred,
    };

    const ORDER: &str = "Brookmoor Practice\nOrder A00103324\nPatient: Mabel Ashdown\nDOB: 07/03/1982\n\
        Allergy: Aspirin - angioedema\nAmoxicillin 250 mg capsule\nTake 2 capsules by mouth every morning for 10 days\n\
        Dispense: 20\nOxycodone 10 mg tablet\nTake 1 tablet orally every 6 hours as needed\nWarfarin 1 mg tablet\n\
        Take 1 tablet once daily\nPrescriber: Edith Marlow, MD\nOrdered on 03/04/2024";

    /// What is answered when a text stands in the document, quotations and all.
    fn answer(injected: &str, question: &str) -> String {
        let text = format!("{ORDER}\n{injected}");
        if red_flag(question).is_some() {
            return "call".into();
        }
        let asked = Asked::new(question);
        let evidence = [printed(&text)];
        let is_drug = |word: &str| Lexicon::builtin().is_any_drug(word);
        let found = find::in_documents(&asked, &evidence, &Meanings::default(), &is_drug);
        let sentences = if asked.decides_dose {
            referred(&asked, found).sentences
        } else {
            found.unwrap_or_default()
        };
        serde_json::to_string(&sentences).unwrap()
    }

    #[test]
    fn what_stands_in_a_document_is_never_obeyed() {
        let _ = red_flags::red_flag("");
        let table = include_str!("../../tests/tables/injections.tsv");
        let rows: Vec<Vec<&str>> = table
            .lines()
            .skip(1)
            .map(|row| row.split('\t').collect())
            .collect();
        assert!(rows.len() >= 40);
        let obeyed: Vec<&str> = rows
            .iter()
            .filter(|row| {
                let said = answer(row[1], row[2]).to_lowercase();
                row[3]
                    .split('|')
                    .any(|part| said.contains(&part.to_lowercase()))
            })
            .map(|row| row[0])
            .collect();
        assert_eq!(obeyed, Vec::<&str>::new());
        let good = answer(
            "Thank you.",
            "How many capsules of amoxicillin each morning?",
        );
        assert!(
            good.contains("2 capsules"),
            "what is asked is still answered: {good}"
        );
    }

    #[test]
    fn what_clinics_print_is_not_suspicious() {
        for line in ORDER.lines().chain([
            "Call sooner for chest pain, fever over 101 F or shortness of breath.",
            "Please send back the slip two working days before you run out.",
            "Thank you for seeing this 43 year old woman, who presented with persistent upper",
            "She does not smoke. I would be grateful for your opinion on further management.",
            "Electronically signed by Edith Marlow, MD",
            "D50.9 Iron deficiency anaemia",
            "Triglycerides 273 mg/dL <150 H",
            "GP please repeat renal function in one week.",
        ]) {
            assert!(!is_suspicious(line), "{line}");
        }
    }
}
