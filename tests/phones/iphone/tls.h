/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * TLS as lockdownd and its services speak it: the phone is the server, shows the DeviceCertificate
 * that this host made for the phone's key, and wants a client certificate under the host's root.
 */
#ifndef SIM_IPHONE_TLS_H
#define SIM_IPHONE_TLS_H

struct sim;
struct sim_conn;
struct sim_pair;

/* 0, or -1 when the handshake failed (journal says why). */
int sim_tls_accept(struct sim_conn *c, const struct sim_pair *pair);
/* Back to plain text on the same connection. */
void sim_tls_end(struct sim_conn *c);
/* Frees what TLS holds, without a word to the peer. */
void sim_tls_drop(struct sim_conn *c);

#endif
