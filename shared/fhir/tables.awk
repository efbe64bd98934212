# Writes build/gen/fhir_tables.c.  Run with LC_ALL=C on the files beside it, in any order:
#   rN-resource-types.txt       a type a line, of one version
#   r4-search-parameters.tsv    type, parameter, kind, target types by commas (none: any)
#   r4-patient-compartment.tsv  type, parameters by commas, more of them, those of R5 too
# A line that begins with '#' is a comment.

function fail(why) {
    print FILENAME ":" FNR ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

# Insertion sort: the tables are nearly in order.
function sort(list, n,    i, j, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (j = i - 1; j >= 1 && list[j] "" > x ""; j--)
            list[j + 1] = list[j]
        list[j + 1] = x
    }
}

function slice(name) {
    return "{\"" name "\", " length(name) "}"
}

# The name of a set of target types; a new one is printed.
function set_of(targets,    n, i, list) {
    if (targets == "")
        return "any"
    n = split(targets, list, ",")
    sort(list, n)
    # The registry writes out Reference(Any) as a list of all types.
    if (n > 64)
        return "any"
    targets = ""
    for (i = 1; i <= n; i++)
        targets = targets (i > 1 ? ", " : "") list[i]
    if (!(targets in sets)) {
        sets[targets] = "set" ++set_count
        print "static const unsigned char types" set_count "[] = {" targets "};"
        print "static const struct fhir_targets set" set_count \
            " = {false, " n ", types" set_count "};"
    }
    return sets[targets]
}

BEGIN {
    FS = "\t"
}

/^#/ || /^$/ {
    next
}

FILENAME ~ /resource-types/ {
    version = FILENAME ~ /r4-/ ? "FHIR_R4" : "FHIR_R5"
    if ($1 in versions) {
        versions[$1] = versions[$1] " | " version
    } else {
        types[++type_count] = $1
        versions[$1] = version
    }
    next
}

FILENAME ~ /search-parameters/ {
    # Parameters of every resource stand in query_reach.c.
    if ($1 != "Resource" && $1 != "DomainResource") {
        params[++param_count] = $1 "\t" $2
        kind[$1, $2] = $3
        targets[$1, $2] = $4
    }
    next
}

FILENAME ~ /compartment/ {
    n = split($2 "," $3, list, ",")
    for (i = 1; i <= n; i++)
        if (list[i] != "")
            of_patient[$1, list[i]] = "FHIR_R4"
    n = split($4, list, ",")
    for (i = 1; i <= n; i++) {
        if (!(($1, list[i]) in of_patient))
            fail("no parameter of R4: " list[i])
        of_patient[$1, list[i]] = "FHIR_R4 | FHIR_R5"
    }
    next
}

END {
    if (failed)
        exit 1
    sort(types, type_count)
    sort(params, param_count)

    print "/* Written by shared/fhir/tables.awk. */"
    print "#include \"fhir_tables.h\"\n\nenum {"
    for (i = 1; i <= type_count; i++)
        print "    " types[i] ","
    print "    COUNT\n};\n"
    print "_Static_assert(COUNT <= FHIR_TYPE_MAX, \"number of types\");"
    print "const size_t fhir_type_count = COUNT;\n"

    print "static const struct fhir_targets any = {true, 0, NULL};"
    for (i = 1; i <= param_count; i++) {
        split(params[i], part, "\t")
        if (!(part[1] in versions))
            fail("parameter of an unknown type: " part[1])
        if (!(part[1] in first))
            first[part[1]] = i - 1
        is = toupper(kind[part[1], part[2]])
        set = is == "REFERENCE" ? "&" set_of(targets[part[1], part[2]]) : "NULL"
        of = (part[1], part[2]) in of_patient ? of_patient[part[1], part[2]] : "0"
        delete of_patient[part[1], part[2]]
        row[i] = "    {" slice(part[2]) ", {FHIR_PARAM_" is ", " set ", " of "}},"
    }
    for (left in of_patient) {
        sub(SUBSEP, " ", left)
        fail("no such parameter: " left)
    }

    print "\nconst struct fhir_param_row fhir_param_rows[] = {"
    for (i = 1; i <= param_count; i++)
        print row[i]
    print "};\n\nconst struct fhir_type_row fhir_type_rows[] = {"
    begin[type_count + 1] = param_count
    for (i = type_count; i >= 1; i--)
        begin[i] = types[i] in first ? first[types[i]] : begin[i + 1]
    for (i = 1; i <= type_count; i++)
        print "    {" slice(types[i]) ", " versions[types[i]] ", " begin[i] "},"
    print "    {{NULL, 0}, 0, " param_count "},\n};"
}
