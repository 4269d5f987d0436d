//! The role that the words before a date tell, the nearest first; what comes next in time counts before the rest.

use std::sync::LazyLock;

use regex::Regex;
use schemas::DateRole;

use crate::{context::Context, dates::Printed};

static CUES: LazyLock<Vec<(Regex, DateRole)>> = LazyLock::new(|| {
    [
        (r"\b(?:date of birth|d\.?o\.?b|born)\W*(?:on|is)?\W*$", DateRole::Dob),
        (r"\bsigned\b.{0,60}$", DateRole::Signed),
        (
            r"\b(?:ward round|progress note|assessed|evaluat(?:e[ds]?|ing)|saw|met|seeing|meeting|telephone(?:d)?|pleasure|colonoscopy|endoscopy|biopsy|scan|echo(?:cardiogram)?|ecg|x-?ray|intubated|extubated|transferred|immuni[sz]ed|vaccinated)\b.{0,60}$",
            DateRole::Service,
        ),
        (r"\b(?:labs?|bloods?|blood tests?|blood results|results|investigations|cultures?)(?: (?:from|on|of|taken|dated))?\W*$", DateRole::Collected),
        (r"\badm(?:it|n)?\W{0,3}$", DateRole::Admission),
        (r"(?:\bd/c(?:'?d)?|\bdisch|\bdod|\bto ward)\W{0,3}$", DateRole::Discharge),
        (r"\badm(?:itted)? (?:to )?(?:ICU|ITU|HDU|CCU|NICU|PICU|ward)\W{0,3}$", DateRole::Admission),
        (r"\b(?:patient|resident)? ?transfer(?:red)? date\W{0,3}$", DateRole::Discharge),
        (r"\bnext (?:dose |injection |visit )?due\W{0,3}(?:on\W{0,3})?$", DateRole::FollowUp),
        (r"\bnext (?:call|contact|clinic|test|inr|bloods?|blood test|scan|infusion|cycle|treatment|session|injection|dressing|check)\W{0,3}(?:(?:on|due)\W{0,3})?$", DateRole::FollowUp),
        (r"\b(?:review(?:ed)?|see[n]?|return|recheck|back)\b[^.;\n]{0,20}\bin (?:[0-9]{1,2}|one|two|three|four|six|twelve)\s?(?:/(?:7|52|12)|days?|weeks?|wks?|months?|mths?|years?)\b[^.;\n]{0,20}$", DateRole::FollowUp),
        (r"\b(?:letter|fax|e-?mail|note) (?:of|dated|from)\W{0,3}$", DateRole::Other),
        (r"^\W*(?:for )?review\W{0,3}(?:(?:on|due)\W{0,3})?$", DateRole::FollowUp),
        (r"\b(?:staples?|sutures?|stitches|clips|cast|plaster|drain|catheter|pack|dressing)\b[^.;\n]{0,12}\b(?:out|off|removal|change|check)\b[^.;\n]{0,25}$", DateRole::FollowUp),
        (r"\bvalid\b[^.;\n]{0,30}\b(?:to|until)\W{0,3}$|\b(?:sent|statement date|date requested|refills?\b[^.;\n]{0,12}\bbefore|discard after|telephoned|phoned|last (?:filled|issued)|eff(?:ective|\.)? date)\W{0,3}(?:on\W{0,3})?$", DateRole::Other),
        (r"\btoday\W{0,3}$", DateRole::Service),
        (r"\b(?:edd|edc|lmp)\W{0,3}$", DateRole::Other),
        (r"\bfinal\W{0,3}$", DateRole::Reported),
        (r"\b(?:in-?patient|in hospital|hospital stay) from\W{0,3}$", DateRole::Admission),
        (r"\b(?:in-?patient|in hospital|hospital stay) from [0-9./ -]{6,12} (?:to|until)\W{0,3}$", DateRole::Discharge),
        (r"\b(?:after-?care|next (?:[a-z]+ )?review is due(?: by)?|return if not better)\b[^;\n]{0,40}$", DateRole::FollowUp),
        (r"\b(?:restart|resume|recommence|until|valid|to continue from)\W{0,3}(?:(?:on|from|to)\W{0,3})?$", DateRole::Other),
        (r"\b(?:f/u|next appt|appt|see (?:your|the|his|her|their) (?:gp|doctor|pcp|physician|nurse|provider|pa?ediatrician|[a-z]+ologist|surgeon|specialist))\b.{0,60}$", DateRole::FollowUp),
        (r"\b(?:r/a|r/v|tca|rv)\W{0,3}(?:on\W{0,3})?$", DateRole::FollowUp),
        (r"\bleft\W{0,3}$", DateRole::Discharge),
        (
            r"\b(?:operation|cath(?:eteri[sz]ation)?|angiogra\w+|\w+(?:ectomy|plasty|oscopy|otomy|ostomy|ification|pexy|desis|rrhaphy|tripsy|centesis)|mammogram|stent(?:ing)?|fixation|replacement)\b.{0,40}$",
            DateRole::Service,
        ),
        (r"\b(?:ct|mri|x-?ray|xr|pet|dexa|ultrasound)\b[^.;\n]{0,50}$", DateRole::Service),
        (r"\b(?:arriv(?:ed|al))\b.{0,40}$", DateRole::Admission),
        (r"\b(?:left (?:the )?(?:department|hospital|ward|unit)|departed|departure)\b.{0,30}$", DateRole::Discharge),
        (r"\borders?\W*$", DateRole::Prescribed),
        (r"\b(?:return|next (?:appointment|visit|review)|due)\W{0,3}(?:on\W{0,3})?$", DateRole::FollowUp),
        (r"\b(?:dictated)\b.{0,50}$", DateRole::Dictated),
        (r"\b(?:transcribed|typed)\b.{0,50}$", DateRole::Transcribed),
        (
            r"\b(?:follow[ -]?up|to be seen|will be seen|will see|see you|be reviewed|return(?:s|ing)? (?:to|on|for|in)|appointment|next visit|scheduled|booked|recheck|review (?:on|after|in (?:the |my |our )?(?:[a-z]+ )?clinic|again)|reviewed (?:in clinic|again)|(?:see|meet|review|speak (?:to|with)|contact|call) (?:him|her|them|you|the patient|mr|mrs|ms|miss)\b[^.]{0,20}\bagain|(?:seen?|speak|meet) again|plan(?:s|ning)? to (?:see|review|meet)|return to see)\b.{0,90}$",
            DateRole::FollowUp,
        ),
        (r"\b(?:admitted|admission|hospitali[sz]ed|presented to hospital)\b.{0,60}$", DateRole::Admission),
        (r"\b(?:discharged|discharge|sent home)\b.{0,40}$", DateRole::Discharge),
        (r"\b(?:collected|drawn|sampled)\b.{0,25}$", DateRole::Collected),
        (r"\b(?:read|interpreted|reported) by\b.{0,50}$", DateRole::Reported),
        (r"\breceived\b.{0,25}$", DateRole::Received),
        (r"\breported\b.{0,25}$", DateRole::Reported),
        (r"\b(?:referred|referral)\b.{0,30}$", DateRole::Referral),
        (r"\b(?:prescribed|written|prescription)\b.{0,25}$", DateRole::Prescribed),
        (r"\b(?:onset|began|started|since|symptoms)\b.{0,30}$", DateRole::Onset),
        (
            r"\b(?:seen|attended|reviewed|visit(?:ed)?|consultation|clinic|examined|evaluated|performed|underwent|surgery|procedure|service)\b.{0,60}$",
            DateRole::Service,
        ),
        (r"\bprocessed\b.{0,25}$", DateRole::Processed),
        (r"\btransferred\s*:?\s*$|\bhome\s*:\s*$", DateRole::Discharge),
        (r"\bauth(?:ori[sz]ed)?\.?\s?$|\b(?:verified|released|resulted|finali[sz]ed|authori[sz]ed) by\b.{0,40}$", DateRole::Reported),
        (r"\brec['’]d\W{0,3}$", DateRole::Received),
        (r"(?:^|\s{2,}|\t)report\s*:?\s*$", DateRole::Reported),
        (r"\bencounter\s*:?\s*$|\bstatement covers\b.{0,40}$", DateRole::Service),
        (r"\belectronically (?:approved|authenticated|validated)\b.{0,60}$", DateRole::Signed),
    ]
    .into_iter()
    .map(|(cue, role)| (Regex::new(&format!("(?is){cue}")).expect("a valid expression"), role))
    .collect()
});

/// `COMPARISON: CT head 03/18/2024`: the day of another picture.
pub(super) fn is_compared(context: &Context, date: &Printed) -> bool {
    static COMPARED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*comparisons?\b|\bcompar(?:ed|ison) (?:to|with|is made (?:to|with))\b[^.;]*$|\b(?:prior|previous) (?:ct|mri|x-?ray|ultrasound|study|exam(?:ination)?|mammogra\w+|radiographs?|imaging|film|scan)s?\b[^.;]{0,30}$")
            .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    COMPARED.is_match(&context.layout.text[line.start..date.span.start])
}

/// The cue nearest before the date in its sentence.
pub(super) fn role(context: &Context, date: &Printed) -> Option<DateRole> {
    let layout = &context.layout;
    let sentence = layout.sentence(date.span.start);
    let mut start = sentence.start.min(date.span.start);
    let line = layout.line_at(date.span.start);
    let line_start = layout.lines[line].span.start;
    let wrapped = line > 0 && layout.lines[line - 1].span.len() > 60;
    if !wrapped {
        start = start.max(line_start);
    }
    let before = &layout.text[start..date.span.start];
    if before.split_whitespace().count() < 1 {
        return None;
    }
    CUES.iter()
        .filter_map(|(cue, role)| {
            cue.find(before)
                .map(|m| (last_start(cue, before, m.start()), *role))
        })
        .max_by_key(|(start, role)| (*role == DateRole::FollowUp, *start))
        .map(|(_, role)| role)
}

/// The latest place where a cue that runs to the end still matches.
fn last_start(cue: &Regex, before: &str, first: usize) -> usize {
    let mut at = first;
    while let Some(next) = before[at..].char_indices().nth(1).map(|(i, _)| at + i) {
        match cue.find_at(before, next) {
            Some(m) => at = m.start(),
            None => break,
        }
    }
    at
}

/// `Attended: 22-Sep-2025 21:47   Left: 23-Sep-2025`: who leaves had come to stay.
pub(super) fn is_arrival(context: &Context, date: &Printed) -> bool {
    static CAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\battend(?:ed|ance)(?: date)?\W{0,3}$").expect("a valid expression")
    });
    static WENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:left|departed|discharged)(?: (?:on|at))?\W{1,3}[0-9]")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    static EMERGENCY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:emergency|A&E|accident and emergency)\b").expect("a valid expression")
    });
    let mut first = context.layout.lines.iter().take(4);
    let emergency = first.any(|line| EMERGENCY.is_match(context.layout.get(&line.span)));
    CAME.is_match(&text[line.start..date.span.start]) && (emergency || WENT.is_match(text))
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn words_right_before_a_date() {
        for (text, want) in [
            ("claim 600-4418, rec'd 17.03.2026\n", "received"),
            (
                "Admitted [02.03.2026]          Separated [05.03.2026]\n",
                "admission discharge",
            ),
            (
                "Admitted: 4th July 2025 | Home: 8th July 2025\n",
                "admission discharge",
            ),
            (
                "Hosp. admit   09-09-2024      Transferred   09-13-2024\n",
                "admission discharge",
            ),
            (
                "CT Brain (Plain)\nOrder# 55-1         Exam 19-12-2025 03:41        Report 20-12-2025 04:20\n",
                "service reported",
            ),
            ("Encounter 2025-03-04\n", "service"),
            ("When did symptoms begin?   01/09/2024\n", "onset"),
            ("Verified by: K. Jensen  23/04/2025\n", "reported"),
        ] {
            let roles = told(text, "date", ["role"]).concat();
            assert_eq!(roles.join(" "), want, "{text}");
        }
    }
}
