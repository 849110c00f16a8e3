package component

import (
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Seen is what hooks of a component and of its children see in a preview, for those that come later.
type Seen struct {
	mu     sync.Mutex
	made   bool
	causes []string
}

// AddCauses adds for whose sake something changes.
func (s *Seen) AddCauses(causes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.causes = append(s.causes, causes...)
}

// Causes are those so far.
func (s *Seen) Causes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.causes)
}

// Made tells whether the component is made now, and was not there before.
func (s *Seen) Made() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// watch has a preview see whether the component is made. An `up` sees nothing.
func (s *Seen) watch(ctx *pulumi.Context, name string) ([]pulumi.ResourceOption, error) {
	if !ctx.DryRun() {
		return nil, nil
	}
	made, err := BeforeCreate(ctx, name+"-component", func(*pulumi.ResourceHookArgs) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.made = true
		return nil
	})
	return []pulumi.ResourceOption{made}, err
}
