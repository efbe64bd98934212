"""Synthetic FHIR R4 resources, linked: each Observation and Encounter has a Patient as subject."""

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
IDENTIFIERS = "https://hospital.example/patients"

PEOPLE = (
    ("pat-1", "García Ruiz", "Lucía", "female", "1984-03-12", "100001"),
    ("pat-2", "Fernández Soto", "Mateo", "male", "1951-11-30", "100002"),
    ("pat-3", "Weber", "Hannah", "female", "2016-07-05", "100003"),
    ("pat-4", "Okafor", "Daniel", "male", "1990-01-22", "100004"),
    ("pat-5", "García Luna", "Carmen", "female", "1939-09-17", "100005"),
)

STAFF = (("pra-1", "Navarro", "Elena"), ("pra-2", "Lindqvist", "Anders"))

VISITS = (
    ("enc-1", "pat-1", "AMB", "2024-02-01T09:00:00+01:00", "2024-02-01T09:20:00+01:00"),
    ("enc-2", "pat-2", "IMP", "2024-02-03T14:10:00+01:00", "2024-02-07T11:00:00+01:00"),
    ("enc-3", "pat-3", "AMB", "2024-03-11T16:30:00+01:00", "2024-03-11T16:45:00+01:00"),
    ("enc-4", "pat-5", "EMER", "2024-03-20T23:05:00+01:00", "2024-03-21T04:40:00+01:00"),
)

MEASUREMENTS = (
    ("obs-1", "pat-1", "enc-1", "8867-4", "Heart rate", 72, "/min"),
    ("obs-2", "pat-1", "enc-1", "29463-7", "Body weight", 61.5, "kg"),
    ("obs-3", "pat-2", "enc-2", "8867-4", "Heart rate", 96, "/min"),
    ("obs-4", "pat-2", "enc-2", "2339-0", "Glucose [Mass/volume] in Blood", 182, "mg/dL"),
    ("obs-5", "pat-3", "enc-3", "8310-5", "Body temperature", 38.4, "Cel"),
    ("obs-6", "pat-5", "enc-4", "59408-5", "Oxygen saturation", 91, "%"),
)


def reference(kind: str, ident: str) -> dict:
    return {"reference": f"{kind}/{ident}"}


def human_name(family: str, given: str) -> list[dict]:
    return [{"use": "official", "family": family, "given": [given]}]


def patients() -> list[dict]:
    return [
        {
            "resourceType": "Patient",
            "id": ident,
            "identifier": [{"system": IDENTIFIERS, "value": number}],
            "active": True,
            "name": human_name(family, given),
            "gender": gender,
            "birthDate": born,
            "managingOrganization": reference("Organization", "org-1"),
            "generalPractitioner": [reference("Practitioner", "pra-1")],
        }
        for ident, family, given, gender, born, number in PEOPLE
    ]


def encounters() -> list[dict]:
    return [
        {
            "resourceType": "Encounter",
            "id": ident,
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind},
            "subject": reference("Patient", patient),
            "participant": [{"individual": reference("Practitioner", "pra-2")}],
            "serviceProvider": reference("Organization", "org-1"),
            "period": {"start": start, "end": end},
        }
        for ident, patient, kind, start, end in VISITS
    ]


def observations() -> list[dict]:
    begin = {ident: start for ident, _, _, start, _ in VISITS}
    return [
        {
            "resourceType": "Observation",
            "id": ident,
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": code, "display": text}], "text": text},
            "subject": reference("Patient", patient),
            "encounter": reference("Encounter", encounter),
            "performer": [reference("Practitioner", "pra-2")],
            "effectiveDateTime": begin[encounter],
            "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
        }
        for ident, patient, encounter, code, text, value, unit in MEASUREMENTS
    ]


def resources() -> list[dict]:
    """All of them, new objects each time."""
    organization = {
        "resourceType": "Organization",
        "id": "org-1",
        "active": True,
        "name": "Hospital de Ejemplo",
    }
    practitioners = [
        {
            "resourceType": "Practitioner",
            "id": ident,
            "active": True,
            "name": human_name(family, given),
        }
        for ident, family, given in STAFF
    ]
    return [organization, *practitioners, *patients(), *encounters(), *observations()]
