package review

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Stack is a review stack that somebody made.
type Stack struct {
	Name string `json:"name"`
	// Updated is when the last operation on it ended; zero where there was none yet.
	Updated time.Time `json:"updated,omitzero"`
	// Running says that an operation runs.
	Running bool `json:"running"`
	// Expired says that it may go, and Why.
	Expired bool   `json:"expired"`
	Why     string `json:"why,omitempty"`
}

// listed is a stack in the form of `pulumi stack ls --json` (pulumi, cmd/pulumi/stack/stack_list.go). Pulumi Cloud's names have the
// organization and the project in front.
type listed struct {
	Name             string `json:"name"`
	LastUpdate       string `json:"lastUpdate"`
	UpdateInProgress bool   `json:"updateInProgress"`
}

// Limits say when a review stack has lived long enough.
type Limits struct {
	// TTL is the time since its last update after which it goes.
	TTL time.Duration
	// Open are the review stacks that somebody still wants, where Known: others go at once.
	Open  []string
	Known bool
}

// Read reads what `pulumi stack ls --json` prints, and judges the review stacks in it; others are left out.
func Read(r io.Reader, limits Limits, now time.Time) ([]Stack, error) {
	var all []listed
	if err := json.NewDecoder(r).Decode(&all); err != nil {
		return nil, fmt.Errorf("this is not what `pulumi stack ls --json` prints: %w", err)
	}
	found := []Stack{}
	for _, l := range all {
		if !strings.HasPrefix(l.Name[strings.LastIndex(l.Name, "/")+1:], Prefix) {
			continue
		}
		s := Stack{Name: l.Name, Running: l.UpdateInProgress}
		if l.LastUpdate != "" {
			var err error
			if s.Updated, err = time.Parse(time.RFC3339, l.LastUpdate); err != nil {
				return nil, fmt.Errorf("stack %s: lastUpdate: %w", l.Name, err)
			}
		}
		limits.judge(&s, now)
		found = append(found, s)
	}
	slices.SortFunc(found, func(a, b Stack) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// judge decides whether a stack goes. One that an operation runs on stays, and so does one that nothing has happened to yet: somebody is
// just making it.
func (l Limits) judge(s *Stack, now time.Time) {
	short := s.Name[strings.LastIndex(s.Name, "/")+1:]
	switch {
	case s.Running:
		s.Why = "an operation runs"
	case l.Known && !slices.Contains(l.Open, short):
		s.Expired, s.Why = true, "nobody wants it any more"
	case s.Updated.IsZero():
		s.Why = "it was never up"
	case now.Sub(s.Updated) > l.TTL:
		s.Expired, s.Why = true, fmt.Sprintf("its last update is %.0f hours ago", now.Sub(s.Updated).Hours())
	}
}
