/* SPDX-License-Identifier: EUPL-1.2 */
/* The globe in whole numbers: sines, distances, and what lies near a point. */
#include "reports/geo/geo_i.h"

#define ONE		INT64_C(1073741824) /* 2^30 */
#define DEGREE		INT64_C(10000000)   /* E7 */
#define RADIAN_PER_DEG	INT64_C(18740330)   /* 2^30 * pi / 180 */
#define LAT_DM_PER_DEG	INT64_C(1105740)    /* shortest degree of latitude, decimetres */
#define LON_DM_PER_DEG	INT64_C(1113190)    /* degree of longitude on the equator */
#define ARC_MM_PER_E7_N INT64_C(11119508)   /* 10^6 * mm of arc per E7 */
#define HALF_TURN	(180 * DEGREE)

/* Sines of 0..90 degrees as 2^30ths. */
static const int32_t sines[91] = {
	0,	    18739379,	37473049,   56195305,	74900443,   93582766,	112236583,
	130856211,  149435979,	167970228,  186453311,	204879599,  223243478,	241539355,
	259761657,  277904834,	295963357,  313931728,	331804471,  349576144,	367241333,
	384794656,  402230767,	419544355,  436730145,	453782903,  470697435,	487468587,
	504091252,  520560366,	536870912,  553017922,	568996477,  584801711,	600428808,
	615873009,  631129609,	646193961,  661061475,	675727625,  690187940,	704438018,
	718473518,  732290163,	745883746,  759250125,	772385229,  785285058,	797945680,
	810363241,  822533958,	834454122,  846120104,	857528349,  868675383,	879557810,
	890172315,  900515665,	910584710,  920376381,	929887697,  939115760,	948057759,
	956710970,  965072759,	973140576,  980911966,	988384560,  995556083,	1002424350,
	1008987269, 1015242840, 1021189159, 1026824413, 1032146887, 1037154959, 1041847103,
	1046221891, 1050277989, 1054014162, 1057429273, 1060522280, 1063292242, 1065738315,
	1067859754, 1069655912, 1071126243, 1072270298, 1073087729, 1073578288, 1073741824,
};

/* sin(d + p) = sin d cos p + cos d sin p, with the first terms of the series for the small p. */
int64_t kt_geo_sin(int64_t angle)
{
	int64_t deg = angle / DEGREE, p, p2, sin_p, cos_p;

	if (deg >= 90)
		return ONE;
	p = angle % DEGREE * RADIAN_PER_DEG / DEGREE; /* radians, at most 0.0175 */
	p2 = p * p / ONE;
	sin_p = p - p * p2 / ONE / 6;
	cos_p = ONE - p2 / 2 + p2 * p2 / ONE / 24;
	return (sines[deg] * cos_p + sines[90 - deg] * sin_p) / ONE;
}

int64_t kt_geo_cos(int64_t angle)
{
	return kt_geo_sin(90 * DEGREE - angle);
}

int64_t kt_geo_cos_lat(int64_t lat)
{
	if (lat < 0)
		lat = -lat;
	return lat >= 90 * DEGREE ? 0 : kt_geo_cos(lat);
}

/* -- distance --------------------------------------------------------------------------------- */

/* Sine and cosine of a whole turn. */
static void turn(int64_t angle, int64_t *s, int64_t *c)
{
	bool neg = angle < 0, back;

	angle = (neg ? -angle : angle) % (2 * HALF_TURN);
	if (angle > HALF_TURN) {
		angle = 2 * HALF_TURN - angle;
		neg = !neg;
	}
	back = angle > 90 * DEGREE;
	if (back)
		angle = HALF_TURN - angle;
	*s = neg ? -kt_geo_sin(angle) : kt_geo_sin(angle);
	*c = back ? -kt_geo_cos(angle) : kt_geo_cos(angle);
}

static void vector(int32_t lat, int32_t lon, int64_t v[3])
{
	int64_t sin_lat, cos_lat, sin_lon, cos_lon;

	turn(lat, &sin_lat, &cos_lat);
	turn(lon, &sin_lon, &cos_lon);
	v[0] = (cos_lat * cos_lon) / ONE;
	v[1] = (cos_lat * sin_lon) / ONE;
	v[2] = sin_lat;
}

static uint64_t root(uint64_t v)
{
	uint64_t r = 0, bit = UINT64_C(1) << 62;

	while (bit > v)
		bit >>= 2;
	for (; bit != 0; bit >>= 2) {
		if (v >= r + bit) {
			v -= r + bit;
			r = (r >> 1) + bit;
		} else {
			r >>= 1;
		}
	}
	return r;
}

int64_t kt_geo_distance_mm(int32_t lat1, int32_t lon1, int32_t lat2, int32_t lon2)
{
	int64_t a[3], b[3], half, lo = 0, hi = 90 * DEGREE;
	uint64_t sum = 0;

	if (lat1 == lat2 && lon1 == lon2)
		return 0;
	vector(lat1, lon1, a);
	vector(lat2, lon2, b);
	for (int i = 0; i < 3; i++)
		sum += (uint64_t)((a[i] - b[i]) * (a[i] - b[i])); /* at most 2^62 in all */
	half = (int64_t)(root(sum) / 2); /* of the chord: the sine of half the angle */
	while (lo < hi) {
		int64_t mid = (lo + hi + 1) / 2;

		if (kt_geo_sin(mid) <= half)
			lo = mid;
		else
			hi = mid - 1;
	}
	return 2 * lo * ARC_MM_PER_E7_N / 1000000;
}

/* -- near a point ----------------------------------------------------------------------------- */

void kt_geo_near_set(struct kt_geo_near *w, int32_t lat, int64_t lon, int64_t reach_mm)
{
	int64_t far_lat = lat < 0 ? -(int64_t)lat : lat;

	w->x = lon;
	w->y = lat;
	w->reach_dm = reach_mm / 100 + 1;
	w->wy = w->reach_dm * DEGREE / LAT_DM_PER_DEG + 1;
	w->cos_30 = kt_geo_cos_lat(far_lat + w->wy);
	w->wx = HALF_TURN;
	if (w->cos_30 > ONE / 1000) {
		w->wx = w->reach_dm * DEGREE / (LON_DM_PER_DEG * w->cos_30 / ONE) + 1;
		if (w->wx > HALF_TURN)
			w->wx = HALF_TURN;
	}
}

typedef __int128 wide;

bool kt_geo_near_line(const struct kt_geo_near *w, const struct kt_geo_point *a,
		      const struct kt_geo_point *b)
{
	int64_t ax, ay, bx, by, dx, dy, along, cross, reach = w->reach_dm;
	int64_t per_x = LON_DM_PER_DEG * w->cos_30 / ONE;

	if ((a->lon_e7 < w->x - w->wx && b->lon_e7 < w->x - w->wx) ||
	    (a->lon_e7 > w->x + w->wx && b->lon_e7 > w->x + w->wx) ||
	    (a->lat_e7 < w->y - w->wy && b->lat_e7 < w->y - w->wy) ||
	    (a->lat_e7 > w->y + w->wy && b->lat_e7 > w->y + w->wy))
		return false;
	ax = (a->lon_e7 - w->x) * per_x / DEGREE;
	bx = (b->lon_e7 - w->x) * per_x / DEGREE;
	ay = (a->lat_e7 - w->y) * LAT_DM_PER_DEG / DEGREE;
	by = (b->lat_e7 - w->y) * LAT_DM_PER_DEG / DEGREE;
	dx = bx - ax;
	dy = by - ay;
	along = -(ax * dx + ay * dy);
	if (along <= 0)
		return ax * ax + ay * ay <= reach * reach;
	if (along >= dx * dx + dy * dy)
		return bx * bx + by * by <= reach * reach;
	cross = ax * dy - ay * dx;
	return (wide)cross * cross <= (wide)reach * reach * (dx * dx + dy * dy);
}

bool kt_geo_crosses(int64_t x, int64_t y, const struct kt_geo_point *a,
		    const struct kt_geo_point *b)
{
	wide at;

	if ((a->lat_e7 <= y) == (b->lat_e7 <= y))
		return false;
	if (a->lon_e7 > x && b->lon_e7 > x)
		return true;
	if (a->lon_e7 <= x && b->lon_e7 <= x)
		return false;
	/* the crossing lies east of x: (y - ay) / (by - ay) * (bx - ax) > x - ax */
	at = (wide)(y - a->lat_e7) * (b->lon_e7 - a->lon_e7) -
	     (wide)(x - a->lon_e7) * (b->lat_e7 - a->lat_e7);
	return b->lat_e7 > a->lat_e7 ? at > 0 : at < 0;
}

bool kt_geo_in_area(const struct kt_geo_point *corner, size_t n, int32_t lat, int32_t lon,
		    int64_t distance_mm, bool *near_edge)
{
	bool inside = false, is_near = false;

	for (int turn_ = -1; turn_ <= 1; turn_++) {
		int64_t x = lon + turn_ * 2 * HALF_TURN;
		struct kt_geo_near w;

		kt_geo_near_set(&w, lat, x, distance_mm);
		for (size_t i = 0; i < n; i++) {
			const struct kt_geo_point *a = &corner[i], *b = &corner[(i + 1) % n];

			inside ^= kt_geo_crosses(x, lat, a, b);
			is_near |= kt_geo_near_line(&w, a, b);
		}
	}
	if (near_edge != NULL)
		*near_edge = is_near;
	return inside;
}
