// Package gateway holds the table of cases that says how the gateway behaves: what it exits on, what it leaves open, what survives an
// outage of the database. The tests run it against the stand-in (../images/gateway) and, where BIFROST_BINARY names one, against a real
// gateway, which also starts from what each stack of the project gives it. Run them with make gateway.
package gateway
