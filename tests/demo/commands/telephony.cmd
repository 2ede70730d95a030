dumpsys telephony.registry | grep -oE 'CellIdentity[A-Z][A-Za-z]+:|mRegistered=[A-Z]+|m(Mcc|Mnc|Tac|Lac|Ci|Cid|Nci) ?= ?[0-9A-Za-z]+|mAlphaLong ?= ?[^,={}]*'
