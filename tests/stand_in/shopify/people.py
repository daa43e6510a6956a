"""Shoppers that do not exist, with everything in writing that real ones leave behind."""

import random
from dataclasses import dataclass
from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    """
    Amelia Olivia Isla Ava Mia Ivy Lily Freya Florence Willow Noah Oliver George Arthur Muhammad
    Leo Harry Oscar Archie Jack Zofia Łukasz Søren Zoë Chloë José Aoife Siân Björn Renée
    """
)
LAST = _words(
    """
    Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans
    Walker White Roberts Green Hall Wood Jackson Clarke Kowalski Müller García Ó'Brien Nguyen
    Lindqvist Dubois Rossi Okafor
    """
)
STREETS = _words(
    """
    High Station Church Victoria Park Mill Queen King Bridge Manor Albert York
    """
)
CITIES = {
    "GB": ("ENG", (("London", "SW1A 1AA"), ("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR"))),
    "DE": ("BE", (("Berlin", "10117"), ("Hamburg", "20095"))),
    "FR": ("IDF", (("Paris", "75001"), ("Lyon", "69001"))),
    "IE": ("D", (("Dublin", "D02 X285"), ("Cork", "T12 W8KP"))),
    "US": ("NY", (("New York", "10001"), ("Buffalo", "14201"))),
}
COUNTRIES = {
    "United Kingdom": "GB",
    "Germany": "DE",
    "France": "FR",
    "EIRE": "IE",
    "USA": "US",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who buys."""

    first: str
    last: str
    email: str
    phone: str
    address: dict[str, Any]

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first} {self.last}"


def person(number: int, country: str = "GB") -> Person:
    """The same person for the same number, whoever asks."""
    chance = random.Random(number)
    first, last = chance.choice(FIRST), chance.choice(LAST)
    plain = "".join(letter for letter in f"{first}.{last}".lower() if letter.isascii())
    # Numbers that Ofcom keeps free for stories.
    phone = f"+447700900{number % 1000:03d}"
    address = _address(chance, first, last, phone, country if country in CITIES else "GB")
    return Person(first, last, f"{plain.strip('.')}.{number}@example.com", phone, address)


def _address(
    chance: random.Random, first: str, last: str, phone: str, country: str
) -> dict[str, Any]:
    province, cities = CITIES[country]
    city, postcode = chance.choice(cities)
    return {
        "firstName": first,
        "lastName": last,
        "name": f"{first} {last}",
        "address1": f"{chance.randint(1, 240)} {chance.choice(STREETS)} Street",
        "address2": f"Flat {chance.randint(1, 40)}" if chance.random() < 0.3 else None,
        "city": city,
        "zip": postcode,
        "provinceCode": province,
        "countryCodeV2": country,
        "phone": phone,
        "company": f"{last} & Sons" if chance.random() < 0.1 else None,
        "latitude": round(chance.uniform(45, 56), 4),
        "longitude": round(chance.uniform(-5, 12), 4),
        "coordinatesValidated": chance.random() < 0.9,
    }


def customer_body(number: int, country: str = "GB") -> dict[str, Any]:
    """The fields of a customer, personal data in every text of it."""
    who, chance = person(number, country), random.Random(-number)
    subscribed = chance.random() < 0.4
    return {
        "firstName": who.first,
        "lastName": who.last,
        "displayName": who.name,
        "email": who.email,
        "phone": who.phone,
        "locale": "en",
        "note": f"{who.first} rang from {who.phone}: leave parcels at {who.address['address1']}.",
        "tags": ["vip", f"friend-of-{who.last.lower()}"] if chance.random() < 0.1 else [],
        "defaultAddress": who.address,
        "dataSaleOptOut": chance.random() < 0.02,
        "verifiedEmail": True,
        "state": "ENABLED" if chance.random() < 0.3 else "DISABLED",
        "marketingState": "SUBSCRIBED" if subscribed else "NOT_SUBSCRIBED",
    }
