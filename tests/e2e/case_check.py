#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""case_check.py FILE: is this CASE/UCO JSON-LD of the classes that Keten writes, each with its members and their
kinds, every name from a vocabulary that the context declares, every reference to a node that is there?"""
import json, re, sys

TIME, SHA256 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z?$"), re.compile(r"[0-9a-f]{64}$")
# class: members that it has to have
NEEDS = {
    "case-investigation:Investigation": ["uco-core:name", "case-investigation:relevantAuthorization"],
    "case-investigation:Authorization": ["case-investigation:authorizationIdentifier", "case-investigation:authorizationType"],
    "case-investigation:InvestigativeAction": ["uco-action:instrument", "uco-action:object", "uco-action:result"],
    "case-investigation:ProvenanceRecord": ["case-investigation:exhibitNumber"],
    "uco-tool:Tool": ["uco-core:name"],
    "uco-observable:MobileDevice": [],
    "uco-observable:ObservableObject": ["uco-core:name", "uco-core:hasFacet"],
    "uco-location:Location": ["uco-core:name", "uco-core:hasFacet"],
    "uco-core:Relationship": ["uco-core:isDirectional", "uco-core:kindOfRelationship", "uco-core:source", "uco-core:target"],
    "uco-location:LatLongCoordinatesFacet": ["uco-location:latitude", "uco-location:longitude"],
    "uco-observable:ContentDataFacet": ["uco-observable:sizeInBytes", "uco-observable:hash"],
    "uco-observable:FileFacet": ["uco-observable:filePath"],
    "uco-types:Hash": ["uco-types:hashMethod", "uco-types:hashValue"],
}
# value type: what it has to look like
VALUES = {"xsd:dateTime": TIME.match, "xsd:hexBinary": SHA256.match, "uco-vocabulary:HashNameVocab": lambda v: v == "SHA256",
          "xsd:decimal": lambda v: re.match(r"-?\d+(\.\d+)?$", v)}

doc = json.load(open(sys.argv[1], encoding="utf-8"))
prefixes = set(doc["@context"])
ids = [n["@id"] for n in doc["@graph"]]
assert set(doc) == {"@context", "@graph"} and len(ids) == len(set(ids)), "members, or an id that stands twice"


def walk(v, where):
    if isinstance(v, list):
        for x in v:
            walk(x, where)
    elif isinstance(v, dict):
        kind = v.get("@type")
        if "@value" in v:
            assert set(v) == {"@type", "@value"} and VALUES[kind](v["@value"]), (where, v)
            return
        if kind is None:
            assert set(v) == {"@id"} and v["@id"] in ids, (where, "points to nothing", v)
            return
        for need in NEEDS[kind]:
            assert need in v, (where, kind, "lacks", need)
        for key, x in v.items():
            assert key in ("@id", "@type") or key.split(":")[0] in prefixes, (where, key)
            if key not in ("@id", "@type"):
                walk(x, f"{where} {key}")
        for key, limit in (("latitude", 90), ("longitude", 180)):
            x = v.get("uco-location:" + key)
            assert x is None or abs(float(x["@value"])) <= limit, (where, x)


for node in doc["@graph"]:
    assert node["@id"].split(":")[0] in prefixes and "@type" in node, node
    walk(node, node["@id"])
print(len(ids), "nodes")
