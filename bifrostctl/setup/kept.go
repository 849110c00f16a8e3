package setup

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// kept is a key that still has the value of an example, and what it should have.
type kept struct {
	Key   string `json:"key"`
	About string `json:"about"`
}

// ofOthers are keys that no question asks about, and whose values in the examples are somebody else's.
var ofOthers = []kept{
	{"tags", "the tags that your organisation asks for"},
	{"labels", "the labels that your organisation asks for"},
	{"gcp.credentialConfig", "the document that the vendor sends"},
	{"gateway.postgres.maxConnections", "max_connections of your database"},
	{"gateway.postgres.caFile", "the file of the certificate authorities that signed your database's certificate"},
	{"gateway.scheduling", "where your pods may run"},
	{"gateway.networkPolicy.metricsFrom", "the namespace of your Prometheus"},
	{"gateway.monitoring.labels", "the labels by which your Prometheus finds ServiceMonitors"},
	{"gateway.monitoring.alertLabels", "the labels by which your Prometheus finds rules"},
	{"gateway.otel.collectorUrl", "the address of your collector"},
}

// kept are the keys that still have the values of the example that the stack file was made from, now or by an earlier init; none of a file
// that was made from no example.
func (s *session) kept() []kept {
	all := []kept{}
	if s.draft.example == nil {
		return all
	}
	var candidates []kept
	if s.place != nil {
		for _, q := range s.place.questions {
			candidates = append(candidates, kept{q.key, lowered(q.ask)})
		}
	}
	for _, each := range slices.Concat(candidates, ofOthers) {
		if each.Key == caKey && s.draft.config().Aws == nil {
			continue // the authorities of Azure's databases are the same for everybody
		}
		now := s.draft.value(each.Key)
		same := now != nil && reflect.DeepEqual(now, s.draft.example(each.Key)) && !s.draft.wasGiven(each.Key)
		if same && !slices.ContainsFunc(all, func(k kept) bool { return k.Key == each.Key }) {
			all = append(all, each)
		}
	}
	return all
}

// lowered is a title within a sentence.
func lowered(title string) string { return strings.ToLower(title[:1]) + title[1:] }

// tellKept says which values are still those of an example.
func tellKept(out io.Writer, all []kept) {
	if len(all) == 0 {
		return
	}
	fmt.Fprint(out, "\nThese keys have the example's values still. Look at each in the file:\n\n")
	const most = 40 // what is longer stands alone
	widest := 0
	for _, each := range all {
		widest = min(max(widest, len(each.Key)), most)
	}
	for _, each := range all {
		key := each.Key
		if len(key) > most {
			fmt.Fprintf(out, "  %s\n", key)
			key = ""
		}
		fmt.Fprintf(out, "  %-*s   %s\n", widest, key, each.About)
	}
}

// lacks says that nobody can ask the gateway for a model, where its configuration names no provider of any.
func lacks(d *draft) string {
	providers, _ := d.value("gateway.config.providers").(map[string]any)
	if len(providers) > 0 || !d.there("gateway.config") {
		return ""
	}
	return "gateway.config names no provider of models: until there is one, in gateway.config.providers or made in the dashboard, the " +
		"gateway answers no request for a model. docs/production.md, step 3, has one of OpenAI to copy."
}
