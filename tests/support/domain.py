"""Does to the database of a Samba domain controller what it is told, one order a line of JSON.

The first argument is its smb.conf. Orders: {"add": {...}}, {"change": [DN, ATTRIBUTE, VALUES]}, {"move": [DN, DN]},
{"password": [DN, PASSWORD]}, {"primary": [DN, GROUP DN]}.
"""

import json
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

# Larger transactions take disproportionately long.
TOGETHER = 500

settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(url=settings.private_path("sam.ldb"), session_info=system_session(settings), lp=settings)


def do(order):
    if "add" in order:
        database.add(order["add"])
    elif "change" in order:
        dn, attribute, values = order["change"]
        message = ldb.Message(ldb.Dn(database, dn))
        message[attribute] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE, attribute)
        database.modify(message)
    elif "move" in order:
        database.rename(*order["move"])
    elif "password" in order:
        dn, password = order["password"]
        database.setpassword("(distinguishedName=%s)" % ldb.binary_encode(dn), password)
    elif "primary" in order:
        dn, group = order["primary"]
        sid = database.search(group, ldb.SCOPE_BASE, attrs=["objectSid"])[0]["objectSid"][0]
        number = int.from_bytes(sid[-4:], "little")
        do({"change": [dn, "primaryGroupID", [str(number)]]})
    else:
        raise ValueError(order)


orders = [json.loads(line) for line in sys.stdin]
for start in range(0, len(orders), TOGETHER):
    database.transaction_start()
    for order in orders[start : start + TOGETHER]:
        do(order)
    database.transaction_commit()
