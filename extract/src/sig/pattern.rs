//! The patterns of sig phrases, put together from what numbers, units, forms and amounts look like when
//! they are read from paper.

use std::sync::LazyLock;

use regex::Regex;

use super::Part;

pub(super) fn re(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("a sig pattern is a valid expression")
}

/// A number as readers see it: letters for digits are allowed beside a true digit.
const NUM: &str = r"(?:[0-9OoIl|]*[0-9][0-9OoIl|]*(?:,[0-9]{3})*(?:[.,][0-9OoIl|]+)?|[OoIl|][.,][0-9OoIl|]*[0-9][0-9OoIl|]*|[.][0-9]+|[lI][Oo])";

const COUNT: &str = r"(?:(?:one|two|three|[1-9]) (?:and|&) (?:a|one)[- ](?:half|quarter)|[1-9](?: (?:and|&) |[ -])1/2|one[- ]half|(?:a|one) quarter|three quarters|one|two|three|four|five|six|seven|eight|nine|ten|half(?: an?| of an?)?|a|an|[0-9]{1,2}\s?/\s?[0-9]{1,2}|[0-9]+\s?½|½|¼|[0-9lIO|]+(?:\.[0-9]+)?|i{1,3})";

/// `one and a half`, `1 ½`.
const HALVES: &str = r"(?:\s+(?:and|&)\s+(?:a|one)[- ]half|\s(?:and\s)?1/2|\s?½)?";

/// `1 (one)`, `three (3)`: the number again.
const AGAIN: &str =
    r"(?:\(\s?(?:[0-9]+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half)\s?\)\s*)?";

/// Words before how often something may be taken at most.
pub(super) const MOST: &str =
    r"(?:up to|(?:no|not) more (?:often )?than|at most|max(?:imum|\.)?(?: of)?)";

pub(super) const UNIT: &str = r"(?:mcg|ug|µg|μg|microg(?:rams?)?|mcq|mg|milligrams?|rng|mq|gm|grams?|g|mEq|meq|mmol|IU|MU|million units|i\.u\.|international units?|units?|unt|U|ng|kg|%|mL|ml|cc|mls)";

const PER: &str = r"(?:\s?/\s?(?:NUM\s?)?(?:mL|ml|mls|L|puff|actuation|act|hours?|hr|h|minutes?|mins?|dose|spray|inhalation|day|24h|24 ?hours?|weeks?|wk|tablet|tab|cap|patch|drop|m2|m²|g|gm|kg|5ml)|\s+per\s+(?:NUM\s?)?(?:mL|actuation|puff|hour|minute|kg|m2|m²|square metre|dose|spray|tablet))";

const FORMS: &str = r"(?:(?:extended|delayed|modified|sustained|immediate|prolonged|controlled|slow)[- ]release\s+)?(?:(?:chewable|dispersible|effervescent|coated|enteric[- ]coated|film[- ]coated|oral|disintegrating|orally disintegrating|nasal|eye|ear|ophthalmic|otic|topical|vaginal|rectal|transdermal|sublingual|soluble|metered[- ]dose|dry powder|gastro-resistant|(?:ER|XR|DR|SR|EC)\b)\s*)*(?:(?:eye|ear|nasal|ophthalmic|otic|oral) drop\b|tablets?|tabs?|tabl?\.|capsules?|caps?|inhalers?|evohaler|accuhaler|turbohaler|respimat|creams?|ointments?|oint|gels?|lotions?|solutions?|soln|suspensions?|susp|syrups?|(?:syr|syp)\b|MDI\b|elixirs?|drops|gtts?|sprays?|patch(?:es)?|suppositor(?:y|ies)|supps?|injections?|inj|vials?|pens?|flexpen|solostar|kwikpen|powders?|lozenges?|films?|foam|shampoo|enemas?|pessar(?:y|ies)|sachets?|packets?|ampoules?|amps?|nebules?|nebs?|gummies|softgels?|liquid|linctus|mouthwash|troches?|syringes?|cartridges?|diskus|kit|implant|ring|paste|granules|caplets?|mixtures?|nebuli[sz]er solution)";

const TAKEN: &str = r"(?:(?:tab(?:let)?|cap(?:sule)?|puff|drop|spray|sachet|patch|unit)\((?:e?s)\)|tablets?|tabs?|capsules?|caps?|caplets?|puffs?|sprays?|drops?|gtts?|patch(?:es)?|units?|iu|mL|mls?|cc|teaspoons?(?:fuls?)?|tsps?|tablespoons?|tbsps?|applications?|inhalations?|suppositor(?:y|ies)|lozenges?|sachets?|packets?|ampoules?|nebules?|vials?|injections?|pills?|scoops?|capfuls?|strips?|films?|pump(?:s|ful)?|lozenge|doses?|softgels?|squirts?|vaginal tablets?|dabs?|5ml spoonfuls?|spoonfuls?|troches?|pessar(?:y|ies)|ampules?|gummies|rings?|applicatorfuls?|tubes?)";

/// A form at the start, after a space at most.
pub(super) fn form_first() -> String {
    format!(r"^\s?{FORMS}\b")
}

/// A form, or what is taken at once, and nothing else.
pub(super) fn form_alone() -> String {
    format!("^(?:{FORMS}|{TAKEN})$")
}

fn expand(pattern: &str) -> String {
    pattern
        .replace("PER", PER)
        .replace("NUM", NUM)
        .replace("COUNT", COUNT)
        .replace("AGAIN", AGAIN)
        .replace("HALVES", HALVES)
        .replace("UNIT", UNIT)
        .replace("FORMS", FORMS)
        .replace("TAKEN", TAKEN)
}

/// Patterns in the order in which they claim characters; group 1, when there is one, is the value.
pub(super) static PATTERNS: LazyLock<Vec<(Part, Regex)>> = LazyLock::new(|| {
    let freq = frequency_pattern();
    [
        (Part::Quantity, r"(?:\bqty|\bquantity|\bquant|\bdisp(?:ense)?d?|\bmitte|\bsupply|\bdispense quantity|\bamount|\bqt[yv])\s*(?:[:;.#=]|\bis\b)*\s*#?\s*\[?\s*(?:\(?(?:one|two|three)?\)?\s*)?(NUM(?:\s?(?:mL|ml|g|gm|grams?)\b)?)(?:\s*\([a-z -]+\))?(?:\s*TAKEN\b|\s*FORMS\b)?"),
        (Part::Quantity, r"(?:^|\s)#\s?(NUM)\b(?:\s*\([a-z -]+\))?(?:\s*(?:TAKEN|FORMS)\b)?"),
        (Part::Quantity, r"(?:^|\s{2,}|\t)m\s?:?\s?(NUM(?:\s?(?:mL|g)\b)?)(?:\s*\([a-z -]+\))?(?:\s{2}|\t|$|\n)"),
        (Part::Refills, r"\s{2}r:\s?(NUM)\b"),
        (Part::Refills, r"(?:refills?|refi11s?|rf|rpts?|rep(?:eat)?s?|refils?|ref)\s*[:;.=#x]*\s*(NUM|none|zero|nil|no refills?|prn|one|two|three|four|five)\b(?:\s*times?)?"),
        (Part::Refills, r"(?:\bx\s*|\b)(NUM|no|zero|one|two|three|four|five)\s*(?:\([0-9]+\)\s*)?(?:refills?|repeats?)\b"),
        (Part::Instructions, r"\b((?:then|followed by)\s+(?:[^.;\n]|\.[0-9])*)"),
        (Part::Duration, r"\b(?:duration|days'? supply|day supply|supply for)\s*[:;=]?\s*(NUM(?:\s?[-–]\s?NUM)?\s*(?:days?|weeks?|wks?|months?|mos?|years?|d|hours?|hrs?)?)\b"),
        (Part::Duration, r"(?:\bfor|\bx|×|\btimes|\bduring|\bup to)\s*(?:the next\s+|a total of\s+|up to\s+|another\s+)?((?:NUM|one|two|three|four|five|six|seven|ten|fourteen)\s*AGAIN(?:\s?(?:[-–]|to)\s?NUM)?\s*(?:more\s+)?(?:days?|weeks?|wks?|wk|months?|mos?|mths?|years?|d|hours?|hrs?|h|nights?|doses?)|[0-9]{1,2}/(?:7|52|12))\b"),
        (Part::Duration, r"\b([0-9]+[- ](?:day|week|month))\s+(?:course|supply|taper)"),
        (Part::Dose, r"\b(?:take|takes|taking|inhale|inject|instil+|apply|give|use|chew|insert|dissolve|place|spray|swallow|administer|put)\s*(COUNT\s*(?:(?:to|or|-|–|/)\s*COUNT\s*)?AGAIN(?:FORMS|TAKEN))"),
        (Part::Dose, r"\b(COUNT\s+[0-9.]+\s?ml\s+spoon(?:ful)?s?)\b"),
        (Part::Dose, r"(?:\s{2}|\t|\btake\s)((?:tabs?|caps?)\.? i{1,3})\b"),
        (Part::Strength, r"\b[1-9][0-9]{0,2}(?: 000){1,2}\s?(?:IU|i\.u\.|international units?|units?)\b"),
        (Part::Strength, r"NUM\s*(?:UNIT)?PERCOMBO"),
        (Part::Strength, r"\b([lI|]\s?(?:(?:mg|mcg|ml|g)\b|%))"),
        (Part::Strength, r"\b[0-9]{1,3}(?:\.[0-9]+)?(?:/[0-9]{1,3}(?:\.[0-9]+)?){1,2}\b"),
        (Part::Dose, r"\b(COUNT\s*(?:(?:to|or|-|–)\s*COUNT\s*)?AGAIN(?:metered\s)?(?:TAKEN))"),
        (Part::Dose, r"(?:^|[\s:])(\|\s(?:TAKEN))"),
        (Part::Frequency, freq.as_str()),
        (Part::Frequency, r"\b(?:freq(?:uency)?|times?|hours?)\s*[:=]\s*((?:[01]?[0-9]|2[0-3])[:.]?[0-5][0-9](?:\s*(?:,|and|&|/|\+)\s*(?:[01]?[0-9]|2[0-3])[:.]?[0-5][0-9])*)\b"),
        (Part::Dose, r"\b(?:take|takes|inhale|instil+|apply|give|use|chew|insert)\s+((?:one|two|three|four|five|six|seven|eight|ten|half|[1-9]|½)HALVES(?:\s*(?:to|or|-|–)\s*(?:two|three|four|[2-9]))?)\b"),
        (Part::Dose, r"\b((?:one|two|three|half|[1-9]|½)HALVES(?:\s*(?:to|or|-|–)\s*(?:two|three|four|[2-9]))?)\s+to be (?:taken|used|given|inhaled|inserted|applied|swallowed|dissolved|chewed|sucked|instilled|sprayed)\b(?: whole\b)?"),
        (Part::Dose, r"(?:^|\n|\t|\s{2}|[.,;:–-]\s|\s)\s*((?:one|two|three|four|five|six|seven|eight|ten|half|[1-3]/[2-4]|[1-9]|½|i{1,3})HALVES(?:\s*(?:to|or|-|–)\s*(?:two|three|four|[2-9]))?)\s"),
        (Part::Duration, r"\b(NUM\s*(?:days?|weeks?|months?)|[0-9]{1,2}/(?:7|52|12))\b"),
        (Part::Dose, r"\b(?:apply\s+(?:a\s+)?(thin layer|thin film|small amount|sparingly|pea[- ]sized amount|liberally|generously))"),
        (Part::Dose, r"\b(thin layer|thin film|pea[- ]sized amount)\b"),
        (Part::Route, r"\b(?:by mouth|p\.?o\.?\s?/\s?n\.?g\.?|per mouth|orally|oral(?:ly)?|p\.?\s?o\.?|per os|sublingual(?:ly)?|under (?:the|your) tongue|subcutaneous(?:ly)?|under the skin|into the skin|subcut\.?|sub-?q|sub-?cut|s\.?c\.?|s\.?q\.?|s/c\b|s/l\b|i/m\b|i/v\b|ivpb\b|intravenous(?:ly)?|i\.?v\.?|intramuscular(?:ly)?|i\.?m\.?|topical(?:ly)?|to (?:the )?(?:affected|skin)\s?(?:area|skin|site)?s?(?:\(s\))?|to (?:the )?skin|on (?:the )?skin|by inhalation|inhaled|inhalation|via inhal(?:er|ation)|via (?:a )?nebuli[sz]er|by nebuli[sz]er|nebuli[sz]ed|neb|inh|(?:in|into) (?:each|both|the|one|left|right|the left|the right) (?:nostrils?|lungs)|(?:in|into|to) (?:each|both|the|left|right|affected|the affected|the left|the right) (?:eyes?|ears?|nostrils?|eye\(s\)|nares)|(?:to|on|onto) (?:the )?(?:face|scalp|knees?|feet|foot|hands?|elbows?|legs?|arms?|back|neck|shoulders?|nose|nails?|lips|groin|chest)|each (?:nostril|naris|nares?)|both eyes|left eye|right eye|intranasal(?:ly)?|nasal(?:ly)?|ophthalmic|otic|transdermal(?:ly)?|rectal(?:ly)?|per rectum|p\.?r\.?|vaginal(?:ly)?|intravaginally|p\.?v\.?|buccal(?:ly)?|via (?:peg|ng|g-tube)(?: tube)?|o\.?u\.?|o\.?s\.?|o\.?d\.?|top|td|s\.?l\.?|epidural)"),
        (Part::Frequency, r"\b(on|om|once|now)\b"),
        (Part::Form, r"\b(FORMS)"),
        (Part::Prn, r"\b(?:as needed|when needed|if needed|as required|when required|if required|when necessary|p\.?r\.?n\.?|as necessary|sos)"),
        (Part::Instructions, r"(?:\bas directed|\buse as directed|\btake as directed|\bwith (?:plenty of |a full glass of )?(?:water|food|meals|milk)|\bon an empty stomach|\bdo not (?:crush|chew|drive|stop)[^.;\n]*|\buntil (?:finished|gone|complete|all taken)|\bfor (?:pain|fever|nausea|cough|wheez(?:e|ing)|itching|sleep|anxiety|allergies|shortness of breath|blood pressure|cholesterol|diabetes|constipation|insomnia|heartburn|spasms?|headaches?|infection|sob|chest pain)(?: (?:or|and|/) [a-z]+)?|\b(?:then|followed by)\s+[^.;\n]*)"),
    ]
    .into_iter()
    .map(|(part, pattern)| {
        let combo = r"(?:PER)?(?:[-/+]NUM\s*(?:UNIT)?|\s?[-/+]\s?NUM\s*(?:UNIT\b|%))*(?:PER){0,2}(?:\s?[/+]\s?NUM\s*(?:UNIT)(?:PER)?)*";
        (part, re(&expand(&pattern.replace("PERCOMBO", combo))))
    })
    .collect()
});

fn frequency_pattern() -> String {
    let times = r"(?:once|twice|thrice|(?:one|two|three|four|five|six|[0-9]+(?:\s?(?:[-–]|to|or)\s?[0-9]+)?)\s*AGAIN(?:times?|x|×)|[0-9]\s?x)".replace("AGAIN", AGAIN);
    let day_part = r"(?:evening meal|main meal|mornings?|evenings?|nights?|bedtime|noon|afternoons?|breakfast|lunch|dinner|supper|midday|am|pm|hs)";
    let weekday = r"(?:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|mon|tues?|wed|thurs?|fri|sat|sun)";
    let period = r"(?:hours?|hrs?|hr|h|hourly|days?|weeks?|wks?|months?|minutes?|mins?)";
    let atom = [
        format!(r"{times}\s*(?:a|per|each|every|/|in a|in the|at)?\s*(?:daily|day|weekly|week|monthly|month|nightly|night|{day_part})(?:\s*\((?:am|pm|bedtime|hs|with meals?|with food|before (?:am )?meal)\))?"),
        format!(r"every\s*(?:other\s*|(?:[0-9lO]+(?:\s?(?:[-–]|to)\s?[0-9]+)?|one|two|three|four|six|eight|twelve)\s*AGAIN)?{period}\b").replace("AGAIN", AGAIN),
        r"at\s*CLOCK(?:\s*(?:,|and|&|,\s*and)\s*CLOCK)*".replace("CLOCK", r"(?:[0-9]{1,2}[:.][0-9]{2}(?:\s?[ap]\.?m)?|[0-9]{1,2}\s?[ap]\.?m|(?:[01][0-9]|2[0-3])[0-5][0-9](?:\s?h(?:rs?|ours?)?)?)\b\.?"),
        r"in\s*(?:am|pm)\b".into(),
        r"with (?:each|every|main) meals?\b|at (?:each |all |every )?meal(?:time)?s?\b".into(),
        r"(?:before|after|with) (?:each |all )?meals?,?\s*(?:and|&)\s*(?:at )?bedtime\b".into(),
        r"(?:before|after) (?:each |all |main )?meals?\b".into(),
        r"(?:yearly|annually|once (?:a|per|every) year|every year|each year)\b".into(),
        format!(r"(?:every|each|in the|at|before|after|with)\s*(?:other\s*)?(?:the\s*)?(?:{day_part})\b"),
        format!(r"(?:every|each|on)\s*{weekday}(?:\s*(?:,|and|&|/)\s*{weekday})*"),
        r"(?:every|each)\s*(?:day|week|month|meal)\b".into(),
        r"at weeks? [0-9]{1,2}(?:(?:\s?,\s?|\s?(?:,\s?)?(?:and|&) )[0-9]{1,2})*\b".into(),
        r"morning,? (?:and|&) (?:evening|night)\b|night (?:and|&) morning\b".into(),
        r"q\.?\s?[0-9lO]+(?:\s?[-–]\s?[0-9]+)?\s?(?:hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|mins?)\b".into(),
        r"q\.?\s?(?:a\.?m|p\.?m|h\.?s|day|daily|week|weekly|wk|month|mo|noon|evening|morning|night|meal)\b\.?".into(),
        r"q\.?o\.?d\b\.?|e\.?o\.?d\b\.?|q\.?i\.?d\b\.?|t\.?i\.?d\b\.?|b\.?i\.?d\b\.?|q\.?d\.?s\b\.?|t\.?d\.?s\b\.?|q\.?d\b\.?|o\.?d\b\.?|b\.?d\b\.?|q\.?h\.?s\b\.?|h\.?s\b\.?|nocte|mane|stat\b|o\.?n\b\.|o\.?m\b\.|sos\b|qam\b|qpm\b|qod\b".into(),
        r"[2-9][0-9]?[ -](?:weekly|monthly)\b".into(),
        // Morning, noon, evening, night.
        r"PART\s?--?\s?PART\s?--?\s?PART(?:\s?--?\s?PART)?\b".replace("PART", r"(?:[1-3]/[2-4]|[0-9]½?|½|¼)"),
        r"(?:once|twice|thrice)\s*(?:daily|weekly|monthly)".into(),
        r"(?:daily|nightly|weekly|monthly|fortnightly|biweekly|bedtime|once only|single dose)\b".into(),
        r"(?:(?:every|each|once a) fortnight|(?:on )?(?:alternate|alternating) (?:days?|nights?|mornings?))\b".into(),
        format!(r"[0-9]+\s?(?:[-–]\s?(?:[0-9]+\s?(?:[-–]\s?)?)?)?(?:hourly|hrly|{period} apart)"),
        r"(?:half an hour|(?:an|one|two) hours?|[0-9]+\s?(?:minutes?|mins?|hours?|hrs?)) before (?:bed(?:time)?|meals?|food|breakfast|(?:each|every) (?:meal|feed))\b".into(),
        r"(?:with|before and after|before|after) (?:each|every) (?:bottle|feed|dose|dressing|bowel motion|loose stool)\b".into(),
        r"alt\.? (?:days?|nights?)\b".into(),
        r"on days? [0-9]{1,2}(?:\s?(?:-|–|,|to|and|&)\s?[0-9]{1,2})*\b".into(),
        r"(?:(?:at|with|after|on|during|before) )?(?:each|every) (?:treatment|dialysis(?: session)?|haemodialysis|hemodialysis|HD|session|cycle|infusion)\b".into(),
        r"hourly\b|hrly\b|dly\b|midday\b".into(),
        r"(?:a|per) (?:day|week|month|fortnight)\b".into(),
        format!(r"{weekday}(?:\s?(?:,|and|&|/)\s?{weekday}){{2,}}\b"),
        r"M/W/F\b|MWF\b|T/Th/S\b".into(),
    ]
    .join("|");
    let tail = r"(?:with (?:(?:each|every|main) meals?|meals?|food|breakfast|lunch|dinner|supper|evening meal)|w/\s?(?:meals?|food)|before (?:meals?|breakfast|food|bed|feeds?|dinner|lunch|supper)|except (?:on )?(?:the )?(?:[a-z]+ days?|WEEKDAY)|after (?:meals?|food|breakfast)|at bedtime|bedtime|at night|in the (?:morning|evening)|a\.?c\b\.?|p\.?c\b\.?|c\.?c\b\.?|hs\b|am\b|pm\b|as needed|when needed|if needed|as required|when required|if required|p\.?r\.?n\b\.?|sos\b|(?:on an )?empty stomach|morning\b|evening\b|night\b|noon\b|WEEKDAY\s?(?:-|–|to)\s?WEEKDAY\b|\(WEEKDAY(?:\s?(?:,|/|&|and)\s?WEEKDAY)*\))"
        .replace("WEEKDAY", weekday);
    format!(
        r"\b((?:{MOST}\s+|p\.?r\.?n\.?,?\s+|(?:as|when|if) (?:needed|required),?\s+)?(?:{MOST}\s+)?(?:{atom})(?:\s*(?:,|and|&|\+|then)?\s*(?:{atom}))*(?:[ ,\n]{{0,3}}\(?(?:(?:and|&) )?{tail}\)?)*)"
    )
}
