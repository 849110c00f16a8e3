package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"bifrost/e2e/outside"
)

// counts are the answers of private registries to requests for manifests, by how the image is pulled.
type counts struct {
	mu sync.Mutex
	of map[string]map[int]int // by mode and status
}

var pulls = &counts{of: map[string]map[int]int{}}

// pulled counts one of a cluster's pulls.
func (s *site) pulled(p outside.Pull) {
	if p.Kind != "manifests" || !strings.Contains(p.Repository, "acme-hub") {
		return
	}
	login := "no login"
	if p.User != "" {
		login = "login of " + p.User
	}
	s.mu.Lock()
	mode := s.stack + ", " + s.mode + ", " + login
	s.mu.Unlock()
	pulls.mu.Lock()
	defer pulls.mu.Unlock()
	if pulls.of[mode] == nil {
		pulls.of[mode] = map[int]int{}
	}
	pulls.of[mode][p.Status]++
}

func (c *counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, mode := range slices.Sorted(maps.Keys(c.of)) {
		fmt.Fprintf(&b, "%-72s", mode)
		for _, status := range slices.Sorted(maps.Keys(c.of[mode])) {
			fmt.Fprintf(&b, " %d %s: %d", status, http.StatusText(status), c.of[mode][status])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
