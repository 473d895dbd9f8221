#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The SPDX 2.3 document of a release: each file of its tarball with its licence and checksums.

Usage: packaging/spdx.py VERSION TARBALL >DOCUMENT

A file's licence is what its SPDX-License-Identifier line says; of tests/hosts what its row in the README
there says; else the project's, MIT. The same tarball gives the same bytes.
"""

import datetime
import hashlib
import json
import re
import sys
import tarfile

OURS = "MIT"
IDENTIFIER = re.compile(rb"SPDX-License-Identifier: ([A-Za-z0-9.-]+)")
# A licence as a README's row has it, in a column or after "Licence:".
NAMED = re.compile(r"\b(MIT|BSD-3-Clause|Apache-2\.0)\b")
HOSTS = "tests/hosts/"


def of_hosts(readme):
    """{file: licence}: a row names its file first; of its licences the last is the row's own."""
    found = {}
    for line in readme.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and (named := NAMED.findall(line)):
            found[HOSTS + cells[1]] = named[-1]
    return found


def licence_of(name, content, hosts):
    if match := IDENTIFIER.search(content[:2000]):
        return match[1].decode()
    if match := re.fullmatch(HOSTS + r"licences/(.+)\.txt", name):
        return match[1]
    return hosts.get(name.replace(".oracle.json", ".xml"), OURS)


def entry(number, name, content, licence):
    sums = [{"algorithm": kind, "checksumValue": hashlib.new(kind, content).hexdigest()} for kind in ("SHA1", "SHA256")]
    return {"fileName": "./" + name, "SPDXID": f"SPDXRef-File-{number}", "checksums": sums,
            "licenseConcluded": licence, "licenseInfoInFiles": [licence], "copyrightText": "NOASSERTION"}


def document(version, path):
    with tarfile.open(path) as tar:
        members = sorted((m for m in tar if m.isfile()), key=lambda m: m.name)
        files = {m.name.split("/", 1)[1]: tar.extractfile(m).read() for m in members}
        made = max(m.mtime for m in members)
    hosts = of_hosts(files[HOSTS + "README.md"].decode())
    entries = [entry(i, name, content, licence_of(name, content, hosts)) for i, (name, content) in enumerate(files.items())]
    with open(path, "rb") as file:
        whole = hashlib.sha256(file.read()).hexdigest()
    sums = "".join(sorted(one["checksums"][0]["checksumValue"] for one in entries))
    package = {
        "name": "planner", "SPDXID": "SPDXRef-Package", "versionInfo": version, "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True, "licenseDeclared": OURS, "copyrightText": "NOASSERTION",
        "licenseConcluded": " AND ".join(sorted({one["licenseConcluded"] for one in entries})),
        "licenseInfoFromFiles": sorted({one["licenseConcluded"] for one in entries}),
        "packageVerificationCode": {"packageVerificationCodeValue": hashlib.sha1(sums.encode()).hexdigest()},
        "checksums": [{"algorithm": "SHA256", "checksumValue": whole}],
    }
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"planner-{version}", "documentNamespace": f"urn:planner:{version}:{whole}",
        "creationInfo": {"creators": ["Tool: packaging/spdx.py"],
                         "created": datetime.datetime.fromtimestamp(made, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")},
        "packages": [package], "files": entries,
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": "SPDXRef-Package"}] +
                         [{"spdxElementId": "SPDXRef-Package", "relationshipType": "CONTAINS",
                           "relatedSpdxElement": one["SPDXID"]} for one in entries],
    }


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    json.dump(document(*sys.argv[1:]), sys.stdout, indent=1)
    print()
