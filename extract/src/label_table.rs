//! The words that forms print before their values. A phrase is compared by its letters only.

use schemas::{
    DateRole as D, IdRole as I, OrgRole as O,
    PersonRole::{self as P},
};

use crate::{
    labels::Target::{
        self, Date, Doctor, Id, Name, Org, Person, PlainDate, Section, Signature, Stop,
    },
    sections::SectionKind as S,
};

/// Phrases by what they announce; of equal phrases the first wins.
pub(crate) const TABLE: &[(Target, &str)] = &[
    (
        Date(D::Dob),
        "date of birth|dob|d o b|birth date|birthdate|patient's birth date|patient birth date|born|birth|date of birth mm dd yyyy|insured's date of birth|patient dob|birthday|d.o.b|geburtsdatum|dt of birth|patient's date of birth|member dob|subscriber dob|date birth",
    ),
    (
        Date(D::Admission),
        "date of admission|admission date|admitted|admit|admit date|admitted on|date admitted|adm date|admission|hospitalization dates from|doa|admission date time|adm|date of adm|attendance date|arrived|arrival|arrival date|date of arrival|arrival time|time of arrival|arrived at",
    ),
    (
        Date(D::Discharge),
        "date of discharge|discharge date|discharged|discharged on|date discharged|dc date|disch date|discharge date time|disch|dod|date of disch|departed|departure|departure date|date of departure|left department|separated|separation date|date of separation",
    ),
    (
        Date(D::Collected),
        "collected|date collected|collection date|collected on|specimen collected|collection|sample date|date of collection|collected date|drawn|date drawn|draw date|sample collected|collection date time|date time collected|sample|sample date time|sampling|sampling date|sample collected on|collection time|sampled|sample time|date of sampling|collected date time|specimen date|sample taken|date of sample|coll date|coll|colln|collected at|collect date|date specimen collected|taken|specimen taken|taken on|specimen taken on|collected time|time collected|obtained|date obtained|observed|observation date|date observed",
    ),
    (
        Date(D::Received),
        "received|date received|received date|received on|specimen received|sample received|date of receipt|received in lab|rec|rcvd|received date and time|registered|date registered|received date time|recd|rec'd|received at|date time received",
    ),
    (
        Date(D::Reported),
        "reported|date reported|report date|reported on|date of report|report issued|report issued on|issued|result date|resulted|released|report date time|final report date|authorised|date time reported|reported date|report printed|final report|reported at|date of issue|verified|date resulted|finalized|validated|interpreted|report time|date read|read on|date interpreted|date of reading|validation|validation date|report released on|released on|authorised on|report released",
    ),
    (
        Date(D::FollowUp),
        "follow up date|follow up appointment|followup|follow up on|next appointment|next visit|return visit|follow up visit|appointment date|review date|next review|next appointment date|come back|outpatient review|medication review due|review due|next review due|return date|return to clinic|rtc|appointment|next test|next inr|next check|next blood test|next bloods|next clinic|next attendance|appt|appt date|postnatal check|next appt|next appt date|next seen",
    ),
    (
        Date(D::Dictated),
        "dictated|date dictated|dictated on|d|dd|dictation date|date of dictation|date dict",
    ),
    (
        Date(D::Transcribed),
        "transcribed|date transcribed|transcribed on|t|dt|date typed|typed|typed on|transcription date|date of transcription",
    ),
    (
        Date(D::Letter),
        "letter date|date of letter|dated|date of statement|statement made on|date of certificate|certificate date",
    ),
    (
        Date(D::Referral),
        "referral date|date of referral|date referred|referred on|referral created|request date|date of request|date requested|requested on|date of decision to refer|decision to refer",
    ),
    (
        Date(D::Onset),
        "date of current illness injury or pregnancy lmp|date of current illness|onset date|date of onset|onset|date of injury|date of current illness injury pregnancy lmp|date of accident|symptom onset|injury date|date of first symptom|first symptom date|first symptoms on|first symptoms|symptoms since|when did symptoms begin|when did symptoms start|when did the symptoms begin|when did the symptoms start|symptoms began|date symptoms began|symptoms first appeared|date symptoms first appeared|when did symptoms first appear",
    ),
    (
        Date(D::Service),
        "date of service|service date|dos|dates of service|date of visit|visit date|encounter date|date of encounter|date of procedure|procedure date|exam date|date of exam|study date|date of examination|service dates|visit|date of consultation|clinic date|seen on|date of operation|date of surgery|examination date|from date|dates of service from|date seen|date of assessment|assessment date|date assessed|date of consult|consult date|date of clinic|date of first consultation|date first consulted|date first seen|call date|date of call|first consultation|seen|scan|scan date|scanned|examined on|date of scan|attendance|reviewed on|date of attendance|date of review|attended|attended on|recorded|date recorded|recording date|date of recording|test date|date of test|date performed|performed on|acquired|acquisition date|acquired on|date given|given on|date administered|administered on|vaccination date|date vaccinated|date of vaccination|treatment date|date of treatment|session date|delivered|date of delivery|delivery date|date of birth of baby|date of contact|contact date|evaluation date|date of evaluation|intake date|date of intake|interview date|date of interview|session|date of session|review date and time|date and time of visit|date of admission to clinic|date of report visit|round date|date of round|examination",
    ),
    (
        Date(D::Processed),
        "date processed|processed|processed on|processed date|process date|claim processed|date of processing|check date|payment date|paid date|statement date|date paid|adjudicated",
    ),
    (
        Date(D::Signed),
        "date signed|signed on|signed date|signature date|electronically signed on|signed|date of signature|date and time signed|e signed|esigned",
    ),
    (
        Date(D::Prescribed),
        "written|date written|written on|written date|date prescribed|prescribed on|prescription date|prescribed|issue date|date issued|rx date|issued on|date of prescription|order date|ordered on|date ordered|date of rx|rx written|ordered",
    ),
    (
        PlainDate,
        "date|today's date|date time|todays date|document date|datum",
    ),
    (
        Date(D::Other),
        "expires|expiry date|exp date|expiration date|valid until|fill date|date filled|last filled|discard after|effective date|use by|do not use after|refill until|date last filled|dispensed|date dispensed|end date|start date|record printed|printed|date printed|printed on|print date|approval date|revised|revision date|form date|last updated|invoice date|date of invoice|bill date|lmp|last menstrual period|valid to|last issued|last issue|last issued on|last supplied|last dispensed",
    ),
    (
        Person(P::Patient),
        "paciente|paciente patient|patient paciente|nombre del paciente|this plan belongs to|belongs to|property of|this record belongs to|this book belongs to|patient|patient name|name of patient|patient's name|pt|pt name|patients name|full name|client|client name|patient full name|patient signature|re|regarding|subject|patient details|member|member name|beneficiary|beneficiary name|name of member|patient name last first middle|patient name last first|for|resident|resident name|patient legal name|our patient|prescribed for|name last first mi|service user|child|child's name|name of child|patient initials and name|addressograph|name of the patient|patient / client|patient/client|name of patient/resident|patient name and address|pt's name|insured patient|deceased|baby|mother and baby|surname forename|surname and forename|forename surname|forename and surname|surname first name|surname first names|surname given name|surname given names|family name first name|claimant|claimant name|name of claimant",
    ),
    (
        Person(P::Insured),
        "insured|insured's name|insured name|policy holder|policyholder|policyholder name|subscriber|subscriber name|name of insured|policyholder's name|other insured's name|cardholder|cardholder name|guarantor|guarantor name|primary insured|employee name|enrollee|subscriber's name|plan member|main member|employee|contributor|proposer|name of proposer|member name|principal member|certificate holder",
    ),
    (
        Person(P::Prescriber),
        "prescriber|prescriber name|prescribing physician|prescribed by|prescribing provider|prescriber's name|prescribing doctor|prescribing clinician|prescriber signature|name of prescriber|rx by|authorised prescriber|authorized prescriber",
    ),
    (
        Person(P::Ordering),
        "req by|reqd by|req physician|requesting dr|ordering physician|ordered by|ordering provider|ordering doctor|requesting physician|requested by|requesting doctor|requesting clinician|requesting provider|requestor|requester|ordering clinician|ordering dr|order by|ref by doctor|clinician|requesting consultant|requesting gp|requesting dr|requesting practitioner|ordering practitioner|submitted by|submitting physician|ordering",
    ),
    (
        Person(P::Attending),
        "attending physician|attending|attending provider|attending doctor|attend dr|attending dr|attending md|consultant|responsible consultant|admitting physician|consultant in charge|treating physician|treating doctor|treating provider|hospitalist|discharging physician|discharging consultant|named consultant|rendering provider|attending surgeon|discharge physician|responsible clinician|lead clinician|surgeon|seen by|consultant psychiatrist|psychiatrist|cons|nephrologist|cardiologist|oncologist|neurologist|haematologist|hematologist|endocrinologist|gastroenterologist|rheumatologist|pulmonologist|urologist|dermatologist|paediatrician|pediatrician|obstetrician|gynaecologist|gynecologist|ophthalmologist|optometrist|geriatrician|intensivist|consultant name|name of treating doctor|name of the treating doctor|treating consultant|primary consultant|consultant surgeon|consultant physician|attg|attg md|rendering|rendering physician|dr in charge|doctor in charge|physician in charge|smo|senior medical officer|booked under|admitting doctor|admitting dr|admitting consultant|psychiatrist of record|physician of record|neonatologist|examiner|examining physician|examining doctor|discharged by|discharging doctor|discharging dr|discharging clinician",
    ),
    (
        Person(P::Referring),
        "referring physician|referring provider|referred by|referring doctor|referring clinician|referring dr|name of referring provider or other source|name of referring provider|name of referring physician|name of referring physician or other source|from|referring|referrer|referring gp|referring md|ref physician|ref provider|referral from|referring practitioner|ref dr|referring physician or other source|ref by",
    ),
    (
        Person(P::Recipient),
        "to|dear|attention|attn|referred to|refer to|referral to|recipient|consulting physician|consultant to|report to|send to|addressed to|specialist|referred to provider|consult to|specialist name|receiving provider|consultant or specialty|consultant or speciality|specialty or consultant",
    ),
    (
        Person(P::PrimaryCare),
        "primary care physician|pcp|primary care provider|primary physician|gp|general practitioner|family physician|family doctor|primary care|gp name|registered gp|usual gp|primary care doctor|pcp name|primary care md|primary|your gp|patient's gp|family dr|family md|family practitioner",
    ),
    (
        Person(P::FollowUpProvider),
        "follow up with|followup with|appointment with|follow up provider|follow up physician|follow up appointment with|return to see|scheduled with|follow up care with",
    ),
    (
        Person(P::LabDirector),
        "laboratory director|lab director|medical director|director|clia director|laboratory medical director|director of laboratory|lab medical director|laboratory head|head of laboratory",
    ),
    (
        Person(P::Authoriser),
        "authorised by|authorized by|authoriser|verified by|validated by|approved by|reviewed by|released by|authorised signatory|authorizing provider|reported by|checked by|electronically verified by|authorising pathologist|pathologist|resulted by|results authorised by|reporting pathologist|interpreting radiologist|radiologist|interpreting physician|read by|interpreted by|confirmed by|overread by|over read by|finalised by|finalized by|reading physician|reading cardiologist|reading provider|medical review officer|signed out by",
    ),
    (
        Person(P::Other),
        "copy to|copies to|cc|emergency contact|next of kin|dictated by|transcribed by|technician|nurse|pharmacist|collected by|performed by|witness|interpreter|caregiver|carer|mother|father|spouse|prepared by|assistant|technologist|entered by|contact person|contact|case manager|drawn by|therapist|therapist names|parent guardian|parent|guardian|noted by|accompanied by|received by|issued by|completed by|rph|filled by|dispensed by|administered by|given by|dosed by|checked in by|recorded by|triaged by|sonographer|midwife|community midwife|named midwife|health visitor|key worker|keyworker|care co ordinator|care coordinator|named nurse|specialist nurse|dietitian|physiotherapist|occupational therapist|social worker|dental nurse|scribe|medical technologist|med tech|medical technician|biochemist|collector|certifying scientist|supervising prescriber|supervising physician|supervising provider|supervising doctor|collaborating physician|agent|called in by|phoned in by|pharm tech|pharmacy technician|lab scientist|laboratory scientist|medical laboratory scientist|biomedical scientist|lab technologist|laboratory technologist|lab tech|lab technician|laboratory technician|tech|radiographer|educator|diabetes educator|nurse educator|phlebotomist|anaesth|anaesthetist|anesthetist",
    ),
    (
        Doctor,
        "physician|doctor|provider|dr|physician name|doctor name|provider name|clinician name|practitioner|name of physician|physician's name|doctor's name|physician provider|name of provider|name of doctor|provider's name|md|gp/consultant|consultant/gp|pegawai perubatan|doktor",
    ),
    (
        Name,
        "name|print name|printed name|name print|surname|last name first name|legal name|name of person",
    ),
    (
        Signature,
        "signature|physician signature|doctor signature|doctor's signature|provider signature|signature of physician or supplier|signature of treating physician|signature of the treating physician|electronically signed by|signed by|e signed by|digitally signed by|physician's signature|authorized signature|authorised signature|evaluating clinician signature|signature of prescriber|esigned by|electronically signed|signature of physician|sincerely|yours sincerely|yours faithfully|regards|kind regards|with kind regards|best regards|respectfully|clinician signature|signature of provider|signed electronically by|authenticated by|electronically authenticated by|sign|signature of doctor|thank you|yours truly|many thanks|with thanks|with many thanks|thanks|with best wishes|best wishes|kindest regards|warm regards|thanks and regards|thanks and kind regards|with thanks and kind regards|cordially",
    ),
    (
        Id(I::Mrn),
        "mrn|medical record number|medical record no|med rec no|patient id|patient no|patient number|hospital number|hospital no|record number|medical record|med rec|mr no|chart number|chart no|unit number|unit no|chart|file number|file no|mr number|patient id mrn|medical rec no|hosp no|patient identifier|mr|patient mrn|med record no|urn|ur no|pt id|record no|patient ref|hosp number|crn|patient id no|med rec number|ur number|opd no|op no|ip no|uhid|uhid no|folder no|folder number|hospital id|health record no|hospital record no|patient file no|unit record no|unit record number|board no|board number|folder|file|file ref|clinic no|clinic number|case file no|registration id|nhi|nhi no|nhi number|ihi|pas no|pid",
    ),
    (Id(I::NhsNumber), "nhs number|nhs no|nhs|nhs num"),
    (
        Id(I::Npi),
        "npi|npi no|npi number|provider npi|physician npi|prescriber npi|billing provider npi|rendering provider npi|ordering npi|referring npi|national provider identifier|provider id npi",
    ),
    (
        Id(I::Dea),
        "dea|dea no|dea number|dea reg no|dea registration|dea registration number|dea reg|prescriber dea",
    ),
    (
        Id(I::RxNumber),
        "rx no|rx number|rx|prescription no|prescription number|rx id|script no|prescription id|rx num|script number|prescription|rx ref|eps id|order no rx|script",
    ),
    (
        Id(I::License),
        "license|license no|license number|lic no|lic|state license|medical license|licence|licence no|licence number|state lic|gmc|gmc no|gmc number|gmc reference|registration no|reg no|registration number|gphc|state license no|lic number|physician license|medical license no|nmc pin|kmc reg no|medical council no|mcrn|imc no|imc number|ahpra no|hpcsa no|hcpc no|nmc no|cpso no|tnmc no|prescriber no|prescriber number|provider no|provider number|hcpc|hpcsa|prc no|prc lic no|prc license no|prc licence no|mdcn|mdcn no|mdcn folio no|kmpdc no|kmpdb no|kmpdc reg no|mcnz|mcnz no|mmc no|mcr no|smc no|smc reg no|dha license|dha license no|dha no|doh license no|moh license no|practice no|practice number|bhf no|nmc registration no|mci no|mci reg no|mbbs reg no|gdc no|ahpra|cpsbc no|cpsa no|msp no|billing no|medical registration no",
    ),
    (
        Id(I::Accession),
        "accession no|accession number|accession|scan id|scan no|study id|study no|exam id|x ray no|xray no|usg no|acc no|specimen id|specimen no|specimen number|lab no|lab number|lab id|lab ref|sample id|sample no|sample number|accn no|accn|spec|requisition no|requisition number|requisition|req|req no|order number|order no|specimen id no|laboratory number|laboratory no|lab reference|report no|report number|accession id|exam id|case number|case no|sample ref|lab accession|order id|test request no|request no|request number|acc|spec no|control number|barcode|episode|exam no|exam number|study no|study id|study number",
    ),
    (
        Id(I::MemberId),
        "member id|insured's i d number|insured's id number|insured id|insured i d number|insured's id|subscriber id|policy no|policy number|policy id|insurance id|id number|member no|member number|member id no|membership number|membership no|subscriber number|identification number|insurance no|beneficiary id|medicare number|medicare no|medicaid id|medicaid no|medicare id|policy|mbi|hicn|cardholder id|membership id|insurance number|enrollee id|id no|insured's identification number|member identification|medical card no|medical card|health card|health card no|health card number|health no|tpa card no|ohip|ohip no|phn|personal health number|member certificate|certificate|certificate no|scheme no|scheme number|medical aid no|medical aid number|gms no|gms number|phin|medicare|medicare card no|medicare card number|medicaid|emirates id|abha no|abha id|nric|nric no|philhealth no|philhealth id|philhealth pin|principal member no|main member no|health insurance no|health insurance number|nhis no|nhif no|sha no|plan member id|plan member no|certificate id|health plan id|tricare id|enrollee no",
    ),
    (
        Id(I::Group),
        "group no|group number|group|insured's policy group|insured's policy group or feca number|policy group|group id|grp|grp no|employer group|policy group number|rxgrp|plan group|group name or number|group policy no|plan number|plan no|insured's group number",
    ),
    (
        Id(I::Account),
        "account no|account number|patient's account no|patient account no|acct no|acct|account|patient account number|acct number|patient account|visit number|visit no|encounter no|encounter number|csn|visit id|encounter id|encounter|fin|hospital account|invoice no|invoice number|patient's account number|bill no|invoice|pt acct no|episode number|episode no|statement number|enc|enc no|fin no|fin number|har|har no|admission no|admission number|ipd no|ward admission no",
    ),
    (
        Id(I::Claim),
        "claim no|claim number|claim id|claim|claim control number|icn|claim ref|reference number|claim reference|dcn|original ref no|authorization number|prior authorization number|prior auth no|auth no|document control number|claim reference number|pre auth no|pre authorisation|pre authorisation no|preauthorisation|claim pre auth no",
    ),
    (
        Org(O::Facility),
        "practice|facility|clinic|hospital|facility name|practice name|clinic name|hospital name|service facility location information|service facility|surgery|location name|hospital site|trust|health centre|treating facility|hospital facility|medical practice|office|institution|admitting facility|service location|place of service name|clinic location|referring practice|referring facility|gp practice|health center|practice facility|facility location|department",
    ),
    (
        Org(O::Laboratory),
        "laboratory|lab|performing lab|performing laboratory|lab name|laboratory name|testing laboratory|performed at|performing site|testing performed at|reference laboratory|testing lab|performing organization",
    ),
    (
        Org(O::Insurer),
        "insurer|insurance|insurance company|insurance plan name|payer|payor|carrier|insurance carrier|health plan|insurance plan name or program name|insurance provider|plan name|primary insurance|insurance name|plan|payer name|carrier name|insurance plan|program name|underwritten by|insurance payer",
    ),
    (
        Org(O::Provider),
        "billing provider info ph|billing provider info|billing provider|billing provider information|billing provider info phone|physician's supplier's billing name|provider organization|billing facility|servicing provider|provider of service|pay to|pay to provider|billing provider name|billing provider info and phone",
    ),
    (
        Org(O::Pharmacy),
        "pharmacy|pharmacy name|dispensing pharmacy|dispensed by pharmacy|pharmacies|preferred pharmacy|filled at|send to pharmacy|nominated pharmacy",
    ),
    (
        Section(S::Medications),
        "medications|discharge medications|current medications|medication list|meds|home medications|active medications|medications on discharge|medications on admission|admission medications|drugs on discharge|current meds|outpatient medications|discharge meds|medications at discharge|medication|current medication|regular medications|regular medication|drug history|dh|drugs|discharge medication|new medications|prescriptions|treatment|tto|ttos|ttas|tta|repeat medications|repeat medication|acute medications|medications prescribed|prescribed medications|medications to continue|continue taking|start taking|active outpatient medications|current medicines|medicines|medicines on discharge|medication on discharge|current prescriptions|take home medications|change how you take|change how you take these medications|start taking these medications|continue taking these medications|new|start|changed|change|continue|continued|unchanged|new medicines|changed medicines|continued medicines|unchanged medicines|unchanged medications|unchanged medication|medications unchanged|new medication|changed medication|continued medications|continued medication|active outpatient prescriptions|changed medications|drug therapy|section b current medication|present medications|current drug therapy|medication reconciliation|go home medications|medicine list|discharge prescriptions|medications to take at home|medicines to take|prescription details|drugs to take out|current treatment|rx details|your medication list|your medications|your medicines",
    ),
    (
        Section(S::StoppedMedications),
        "stop taking|stop|stopped|stopped medication|stopped medicines|stopped taking|stopped or withheld|medications to stop|medicines to stop|stopped medications|discontinued medications|medications stopped|medications discontinued|medicines stopped|discontinued|stop taking these medications|drugs stopped",
    ),
    (
        Section(S::Allergies),
        "allergies|allergy|alergies|alergy|allergys|allergies we have on file|your allergies|allergies recorded|recorded allergies|allergies noted|allergies and adverse drug reactions|allergy and adverse drug reactions|allergies on file|allergy on file|confirmed allergy|confirmed allergies|allergies and adverse reactions|drug allergies|known allergies|allergies intolerances|allergies adverse reactions|allergy list|medication allergies|allergic to|adverse reactions|drug allergy|allergies sensitivities|allergies and sensitivities|allergies reactions|intolerances|allergies and intolerances|allergy intolerance|known drug allergies|drug sensitivities|sensitivities|allergies adverse drug reactions|drug reactions|known reactions|adverse drug reaction|adr|adrs|drug intolerances|sensitivity|intolerance|allergies intolerance|known allergy|allergic reactions|drug hypersensitivities|allergy status|drug allergies sensitivities|allergy and adverse reactions|adverse drug reactions",
    ),
    (
        Section(S::Diagnoses),
        "diagnosis|diagnoses|dx on file|diagnoses on file|diagnosis on file|primary and secondary diagnoses|principal and secondary diagnoses|discharge diagnosis|discharge diagnoses|final diagnosis|final diagnoses|principal diagnosis|primary diagnosis|secondary diagnoses|secondary diagnosis|admission diagnosis|admitting diagnosis|diagnosis or nature of illness or injury|diagnosis or nature|diagnosis or nature of illness|dx|assessment|assessment and plan|problem list|problems|active problems|diagnosis codes|indication|indications|clinical diagnosis|provisional diagnosis|working diagnosis|reason for admission|conditions|other diagnoses|primary diagnoses|principal diagnoses|diagnosis at discharge|diagnoses at discharge|diagnosis icd|icd diagnosis|encounter diagnoses|visit diagnoses|active problem list|current problems|diagnosis code|diagnosis description|main diagnosis|comorbidities|co morbidities|additional diagnoses|admitting diagnoses|admission diagnoses|preoperative diagnosis|postoperative diagnosis|pre op diagnosis|post op diagnosis|diagnosis or nature of illness or injury relate a l to service line below|referral diagnosis|reason for referral diagnosis|diagnoses and problems|diagnosis es|associated diagnosis|health conditions|presenting diagnosis|clinical impression|medical problems|primary dx|discharge dx|secondary dx|admission dx|diagnosis icd 10|impression|impressions|opinion|conclusion|conclusions|confirmed diagnosis|imp|assessment plan|a p|oncologic diagnosis|oncology diagnosis|cancer diagnosis|histological diagnosis|pathological diagnosis|diagnostic impression|final dx|current diagnoses|long term conditions|chronic conditions|medical conditions|comorbid conditions|co morbid conditions|reason for transfer|list of problems|working diagnosis and history|working diagnosis history|diagnosis and history|diagnosis history|main problems|other problems|diagnoses this visit|diagnosis this visit|diagnoses reported on this claim|reported diagnoses",
    ),
    (
        Section(S::History),
        "past medical history|pmh|medical history|past history|history|pmhx|previous medical history|medical history snapshot|section a medical history|past medical surgical history|significant past medical history|past medical problems|background|background history|medical hx|past medical hx|past hx|relevant history|relevant past history|other medical problems|previous history|past medical and surgical history",
    ),
    (
        Section(S::FamilyHistory),
        "family history|fh|fhx|family medical history|family hx",
    ),
    (
        Section(S::Labs),
        "laboratory data|laboratory results|lab results|labs|laboratory findings|laboratory|investigations|test results|pertinent labs|laboratory studies|blood results|bloods|results|pertinent results|relevant investigations|laboratory values|lab data|recent labs|pre admission testing labs|admission labs|discharge labs|recent results|blood tests|key results|last test results|latest test results|your test results",
    ),
    (
        Section(S::Vitals),
        "vitals|vital signs|vital sign|observations|obs|physical examination|physical exam|exam|examination|on examination|discharge vitals|vitals at discharge",
    ),
    (
        Section(S::Instructions),
        "instructions|discharge instructions|patient instructions|diet|activity|disposition|advice|warning signs|special instructions|home instructions|activity instructions|diet instructions|advice to patient|information given to patient|patient education|precautions|return precautions|when to seek care|wound care|patient advice|discharge advice",
    ),
    (
        Section(S::FollowUp),
        "follow up|followup plan|f u|fu|follow up plan|follow up appointments|follow up care|scheduled appointments|appointments|follow up instructions|plan|recommendations|recommendation|plan and recommendations|plan of care|management plan|actions for gp|gp actions|treatment plan|actions required by gp|plan and requested actions",
    ),
    (
        Section(S::Procedures),
        "procedures|procedures performed|procedure|operations|operations performed|surgical history|past surgical history|psh|surgeries|proposed procedure|procedure performed|hospital procedures|operative procedures|treatments and procedures|operation",
    ),
    (
        Section(S::Other),
        "hospital course|course|what happened in the hospital|what happened in hospital|reason for your visit|why you came|what we found|history of present illness|hpi|chief complaint|chief complaints|presenting complaint|social history|review of systems|comment|comments|notes|reason for referral|reason for visit|technique|findings|gross description|microscopic description|clinical information|clinical details|clinical summary|vaccines|immunizations|immunisations|care team|brief hospital course|course in hospital|reason for consultation|remarks|summary|visit summary|interpretation|condition on discharge|condition at discharge|discharge condition|functional status|code status|biomarkers|prescription information|referral details|insurance information|clinical course|presenting problem|exams|clinical indication|indication for study|reason for exam|reason for study|comparison|disclaimer|patient information|demographics|employment|tobacco|alcohol|provider information|billing information|note|additional information|brief history|narrative|history of presenting complaint|pending results|lifestyle|examination findings|clinical history|specimen details|note to pharmacist|history of the present illness|condition related to|is patient's condition related to|patient's condition related to|is condition related to|signature on file",
    ),
    (
        Stop,
        "charge|charges|charged|age|sex|gender|phone|telephone|tel|fax|address|patient's address|patient address|insured's address|city|state|zip|zip code|city state zip code|specimen|specimen type|sample type|weight|height|ward|status|page|daw|refills|refill|qty|quantity|duration|directions|sig|dispense|disp|form|strength|dose|route|frequency|days supply|supply|substitution|occupation|marital status|race|ethnicity|email|e mail|relationship|patient relationship to insured|employer|ssn|social security number|federal tax i d number|federal tax id number|tax id|clia|clia no|clia number|time|bed|room|unit|room bed|fasting|telephone include area code|total charge|amount paid|amount due|balance due|place of service|service|specialty|speciality|language|home phone|mobile|cell|work phone|gender identity|report status|collected by phone|source|priority|class|type|dx ptr|units|days|pages|urgency|site|ref|our ref|your ref|reference|preferred language|ndc|lot|manufacturer|mfr|discard|bmi|bp|pulse|temp|heart rate|copay|website|result|flag|website url|patient type|patient class|patient status|medicare|medicaid|tricare|other|feca|outside lab|pager|contact number|phone number|phone no|mobile no|telephone no|street|town|postcode|county|country|religion|rx refills|rf|location|pharmacy phone|reading|batch|title|length of stay|los|insurance type|plan type|coverage|effective|coverage type|subtotal|deductible|coinsurance|allowed|billed|hours|cap|mode of admission|method of admission|discharge destination|destination|discharged to|grade|patient's relationship to insured|patient's sex|patient sex|accept assignment|is patient's condition related to|reserved for local use|additional claim information|ssn ein",
    ),
];
