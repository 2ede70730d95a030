/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CASE/UCO JSON-LD: investigation, authorisation, action, tool, device, objects with their hashes, and a
 * location for each observation that has coordinates. Written after the published ontologies (CASE 1.4); no
 * validator could be run here, so no conformance is claimed, and it is never the record.
 */
#include "reports/render/export_i.h"

#include <string.h>

#define NS "https://ontology.unifiedcyberontology.org/uco/"

static void node(struct export *x, const char *kind, const char *id, const char *type)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CASE];

	kt_buf_puts(b, x->first_node ? "\n{\"@id\":\"kb:" : ",\n{\"@id\":\"kb:");
	x->first_node = false;
	kt_buf_puts(b, kind);
	/* ids of ours: o000001#3 -> o000001-3 */
	for (; id != NULL && *id != '\0'; id++)
		kt_buf_putc(b,
			    (*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9') ? *id : '-');
	kt_buf_printf(b, "\",\"@type\":\"%s\"", type);
}

static void member(struct export *x, const char *name, const char *value)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CASE];

	kt_buf_printf(b, ",\"%s\":", name);
	x_json(b, value);
}

static void decimal(struct export *x, const char *name, const char *value)
{
	kt_buf_printf(&x->out[KT_EXPORT_CASE],
		      ",\"%s\":{\"@type\":\"xsd:decimal\",\"@value\":\"%s\"}", name, value);
}

void case_head(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CASE];

	x->first_node = true;
	kt_buf_puts(b, "{\"@context\":{\"kb\":\"urn:keten:");
	for (const char *s = x->case_id; *s != '\0'; s++)
		if ((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9'))
			kt_buf_putc(b, *s);
	kt_buf_puts(b,
		    ":\",\"case-investigation\":\"https://ontology.caseontology.org/case/"
		    "investigation/\","
		    "\"uco-action\":\"" NS "action/\",\"uco-core\":\"" NS
		    "core/\",\"uco-location\":\"" NS "location/\",\"uco-observable\":\"" NS
		    "observable/\",\"uco-tool\":\"" NS "tool/\",\"uco-types\":\"" NS
		    "types/\",\"uco-vocabulary\":\"" NS
		    "vocabulary/\",\"xsd\":\"http://www.w3.org/2001/XMLSchema#\"},\n\"@graph\":[");
	node(x, "investigation", "", "case-investigation:Investigation");
	member(x, "uco-core:name", x->case_ref);
	kt_buf_puts(
		b, ",\"case-investigation:relevantAuthorization\":{\"@id\":\"kb:authorization\"}}");
	node(x, "authorization", "", "case-investigation:Authorization");
	member(x, "case-investigation:authorizationIdentifier", x->mandate_id);
	member(x, "case-investigation:authorizationType", "mandate");
	kt_buf_puts(b, "}");
	node(x, "tool", "", "uco-tool:Tool");
	member(x, "uco-core:name", "Keten");
	kt_buf_puts(b, "}");
	node(x, "device", "", "uco-observable:MobileDevice");
	kt_buf_puts(b, "}");
	node(x, "acquisition", "", "case-investigation:InvestigativeAction");
	member(x, "uco-core:name", "acquisition");
	if (x->sealed[0] != '\0') {
		kt_buf_puts(b, ",\"uco-action:endTime\":{\"@type\":\"xsd:dateTime\",\"@value\":");
		x_json(b, x->sealed);
		kt_buf_puts(b, "}");
	}
	kt_buf_puts(b, ",\"uco-action:instrument\":{\"@id\":\"kb:tool\"},\"uco-action:object\":{\"@"
		       "id\":\"kb:device\"},"
		       "\"uco-action:result\":{\"@id\":\"kb:provenance\"}}");
	node(x, "provenance", "", "case-investigation:ProvenanceRecord");
	member(x, "uco-core:description", "objects of the case, each with its hash");
	member(x, "case-investigation:exhibitNumber", x->case_id);
	kt_buf_puts(b, "}");
}

void case_row(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CASE];
	const struct obs *o = &x->obs;

	if (!x_has_position(o) || o->v[C_ID] == NULL)
		return;
	node(x, "location-", o->v[C_ID], "uco-location:Location");
	member(x, "uco-core:name", o->v[C_ID]);
	kt_buf_puts(b, ",\"uco-core:description\":");
	x_json(b, o->v[C_WHY] != NULL ? o->v[C_WHY] : "");
	if (x_instant(o) != NULL) {
		kt_buf_puts(b, ",\"uco-core:startTime\":{\"@type\":\"xsd:dateTime\",\"@value\":");
		x_json(b, x_instant(o));
		kt_buf_puts(b, "}");
	}
	kt_buf_puts(b,
		    ",\"uco-core:hasFacet\":[{\"@type\":\"uco-location:LatLongCoordinatesFacet\"");
	decimal(x, "uco-location:latitude", o->v[C_LAT]);
	decimal(x, "uco-location:longitude", o->v[C_LON]);
	kt_buf_puts(b, "}]}");
	if (o->v[C_OBJECT] == NULL)
		return;
	node(x, "relation-", o->v[C_ID], "uco-core:Relationship");
	kt_buf_printf(b, ",\"uco-core:isDirectional\":true,\"uco-core:kindOfRelationship\":"
			 "\"Extracted_From\","
			 "\"uco-core:source\":{\"@id\":\"kb:location-");
	for (const char *s = o->v[C_ID]; *s != '\0'; s++)
		kt_buf_putc(b, (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') ? *s : '-');
	kt_buf_puts(b, "\"},\"uco-core:target\":{\"@id\":\"kb:object-");
	for (const char *s = o->v[C_OBJECT]; *s != '\0'; s++)
		kt_buf_putc(b, (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') ? *s : '-');
	kt_buf_puts(b, "\"}}");
}

void case_object(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CASE];
	const char *id = flat_get(x->f, "object"), *sha = flat_get(x->f, "sha256"),
		   *path = flat_get(x->f, "path");
	const char *bytes = flat_get(x->f, "bytes");

	if (id == NULL)
		return;
	node(x, "object-", id, "uco-observable:ObservableObject");
	member(x, "uco-core:name", id);
	kt_buf_puts(b, ",\"uco-core:hasFacet\":[{\"@type\":\"uco-observable:ContentDataFacet\"");
	if (bytes != NULL && strspn(bytes, "0123456789") == strlen(bytes))
		kt_buf_printf(b, ",\"uco-observable:sizeInBytes\":%s", bytes);
	if (sha != NULL) {
		kt_buf_puts(b, ",\"uco-observable:hash\":[{\"@type\":\"uco-types:Hash\",\"uco-"
			       "types:hashMethod\":"
			       "{\"@type\":\"uco-vocabulary:HashNameVocab\",\"@value\":\"SHA256\"},"
			       "\"uco-types:hashValue\":{\"@type\":\"xsd:hexBinary\",\"@value\":");
		x_json(b, sha);
		kt_buf_puts(b, "}}]");
	}
	kt_buf_puts(b, "}");
	if (path != NULL) {
		kt_buf_puts(b, ",{\"@type\":\"uco-observable:FileFacet\"");
		member(x, "uco-observable:filePath", path);
		kt_buf_puts(b, "}");
	}
	kt_buf_puts(b, "]}");
}

void case_end(struct export *x)
{
	kt_buf_puts(&x->out[KT_EXPORT_CASE], "\n]}\n");
}
