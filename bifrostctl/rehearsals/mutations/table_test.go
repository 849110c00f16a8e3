package mutations_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// table counts mistakes by kind and stage.
type table map[string]map[string]int

func (c table) add(kind, stage string) {
	if c[kind] == nil {
		c[kind] = map[string]int{}
	}
	c[kind][stage]++
}

// print writes the table, with a sum.
func (c table) print(out io.Writer, title string, stages ...string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, title+"\t")
	for _, stage := range stages {
		fmt.Fprint(w, stage+"\t")
	}
	fmt.Fprintln(w)
	sum := map[string]int{}
	for _, kind := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprint(w, kind+"\t")
		for _, stage := range stages {
			fmt.Fprintf(w, "%d\t", c[kind][stage])
			sum[stage] += c[kind][stage]
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "all\t")
	for _, stage := range stages {
		fmt.Fprintf(w, "%d\t", sum[stage])
	}
	fmt.Fprintln(w)
	w.Flush()
}
