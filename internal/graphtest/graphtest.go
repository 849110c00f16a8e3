// Package graphtest records what a Pulumi program registers, for tests of components and stacks. Tests assert on the
// record: an assertion inside ApplyT can silently not run.
package graphtest

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// Resource is one registration request.
type Resource struct {
	URN, Type, Name, Provider string
	Inputs                    resource.PropertyMap
	Request                   *pulumirpc.RegisterResourceRequest
	// Reads is the id of a resource that is only read: it has no Request.
	Reads string
}

// Parent is the parent's URN.
func (r Resource) Parent() string { return r.Request.GetParent() }

// Input returns the value at a property path such as `spec.template.spec.containers[0].image`, secrets unwrapped; it fails the
// test when there is none.
func (r Resource) Input(t testing.TB, path string) any {
	t.Helper()
	p, err := resource.ParsePropertyPath(path)
	require.NoError(t, err)
	v, ok := p.Get(resource.NewObjectProperty(Plain(r.Inputs)))
	require.True(t, ok, "%s has no input %s: %v", r.Name, path, Plain(r.Inputs).Mappable())
	return v.Mappable()
}

// Has tells whether there is a value at a property path.
func (r Resource) Has(path string) bool {
	p, err := resource.ParsePropertyPath(path)
	if err != nil {
		return false
	}
	v, ok := p.Get(resource.NewObjectProperty(Plain(r.Inputs)))
	return ok && !v.IsNull()
}

// Plain returns the properties with secrets unwrapped.
func Plain(m resource.PropertyMap) resource.PropertyMap {
	return plain(resource.NewObjectProperty(m)).ObjectValue()
}

func plain(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		var vs []resource.PropertyValue
		for _, e := range v.ArrayValue() {
			vs = append(vs, plain(e))
		}
		return resource.NewArrayProperty(vs)
	case v.IsObject():
		m := resource.PropertyMap{}
		for k, e := range v.ObjectValue() {
			m[k] = plain(e)
		}
		return resource.NewObjectProperty(m)
	}
	return v
}

// Leaks returns the property paths at which text stands in clear, outside any secret.
func Leaks(m resource.PropertyMap, text string) []string {
	var found []string
	var walk func(path string, v resource.PropertyValue)
	walk = func(path string, v resource.PropertyValue) {
		switch {
		case v.IsSecret():
		case v.IsString() && strings.Contains(v.StringValue(), text):
			found = append(found, path)
		case v.IsArray():
			for i, e := range v.ArrayValue() {
				walk(fmt.Sprintf("%s[%d]", path, i), e)
			}
		case v.IsObject():
			for k, e := range v.ObjectValue() {
				walk(path+"."+string(k), e)
			}
		}
	}
	walk("", resource.NewObjectProperty(m))
	sort.Strings(found)
	return found
}

// Call is one look-up.
type Call struct {
	Token, Provider string
	Args            resource.PropertyMap
}

// Graph is the record of one run.
type Graph struct {
	// Organization is that of Pulumi Cloud; empty with a backend of one's own.
	Organization   string
	Project, Stack string
	// Config is the configuration, with the project's prefix; Secrets names the keys of it that are secret.
	Config  map[string]string
	Secrets []string
	// Calls answers look-ups by token; a token without an answer is an error, as is an answer of nil.
	Answers map[string]func(resource.PropertyMap) (resource.PropertyMap, error)
	// Preview runs the program as `pulumi preview` does.
	Preview bool

	mu        sync.Mutex
	Resources []Resource
	Calls     []Call
}

// Run runs the program and returns its error.
func (g *Graph) Run(program pulumi.RunFunc) error {
	if g.Project == "" {
		g.Project, g.Stack = "bifrost", "test"
	}
	return pulumi.RunErr(program, pulumi.WithMocks(g.Project, g.Stack, g), func(i *pulumi.RunInfo) {
		i.Organization = g.Organization
		i.Config, i.ConfigSecretKeys, i.DryRun = g.Config, g.Secrets, g.Preview
	})
}

// NewResource implements pulumi.MockResourceMonitor.
func (g *Graph) NewResource(a pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r := Resource{
		URN: g.urn(a), Type: a.TypeToken, Name: a.Name, Provider: a.Provider, Inputs: a.Inputs, Request: a.RegisterRPC,
	}
	if a.ReadRPC != nil {
		r.Reads = a.ReadRPC.GetId()
	}
	g.mu.Lock()
	g.Resources = append(g.Resources, r)
	g.mu.Unlock()
	if !a.Custom {
		return "", a.Inputs, nil
	}
	return computed(a)
}

func (g *Graph) urn(a pulumi.MockResourceArgs) string {
	var parent resource.URN
	if a.RegisterRPC != nil {
		parent = resource.URN(a.RegisterRPC.GetParent())
	}
	if a.ReadRPC != nil {
		parent = resource.URN(a.ReadRPC.GetParent())
	}
	qualified := a.TypeToken
	if parent != "" && parent.QualifiedType() != resource.RootStackType {
		qualified = string(parent.QualifiedType()) + "$" + a.TypeToken
	}
	return fmt.Sprintf("urn:pulumi:%s::%s::%s::%s", g.Stack, g.Project, qualified, a.Name)
}

// computed adds the values that a cloud gives and the program reads.
func computed(a pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id := a.Name + "-id"
	out := Plain(a.Inputs).Copy()
	set := func(k, v string) { out[resource.PropertyKey(k)] = resource.NewStringProperty(v) }
	switch {
	case strings.HasPrefix(a.TypeToken, "aws:"):
		set("arn", "arn:aws:test:us-east-1:111122223333:"+a.Name)
		set("uniqueId", "AROA"+strings.ToUpper(a.Name))
		set("versionId", "version-of-"+a.Name)
		set("arnSuffix", "suffix-of-"+a.Name)
		set("dnsName", a.Name+".elb.test")
		set("zoneId", "zone-of-"+a.Name)
		if _, ok := out["name"]; !ok {
			set("name", a.Name)
		}
		if names, ok := out["subjectAlternativeNames"]; ok {
			out["domainValidationOptions"] = proofs(names)
		}
	case strings.HasPrefix(a.TypeToken, "azure-native:"):
		set("clientId", "client-of-"+a.Name)
		set("principalId", "principal-of-"+a.Name)
		set("tenantId", "tenant-of-"+a.Name)
		set("name", a.Name)
	case strings.HasPrefix(a.TypeToken, "gcp:"):
		set("name", "name-of-"+a.Name)
		set("email", a.Name+"@test.iam.gserviceaccount.com")
		// A binding has a member of its own.
		if _, ok := out["member"]; !ok {
			set("member", "serviceAccount:"+a.Name+"@test.iam.gserviceaccount.com")
		}
	case strings.HasPrefix(a.TypeToken, "kubernetes:"):
		meta, ok := out["metadata"]
		if !ok {
			meta = resource.NewObjectProperty(resource.PropertyMap{})
		}
		m := meta.ObjectValue()
		m["uid"] = resource.NewStringProperty("uid-of-" + a.Name)
		out["metadata"] = resource.NewObjectProperty(m)
	}
	return id, out, nil
}

// proofs are the records that AWS Certificate Manager wants of names.
func proofs(names resource.PropertyValue) resource.PropertyValue {
	var all []any
	for _, name := range names.ArrayValue() {
		all = append(all, map[string]any{
			"domainName": name.StringValue(), "resourceRecordName": "_proof." + name.StringValue(), "resourceRecordValue": "_value",
		})
	}
	return resource.NewPropertyValue(all)
}

// Call implements pulumi.MockResourceMonitor.
func (g *Graph) Call(a pulumi.MockCallArgs) (resource.PropertyMap, error) {
	g.mu.Lock()
	g.Calls = append(g.Calls, Call{a.Token, a.Provider, a.Args})
	g.mu.Unlock()
	answer := g.Answers[a.Token]
	if answer == nil {
		return nil, fmt.Errorf("the test answers no look-up %s", a.Token)
	}
	return answer(a.Args)
}

// Of returns the resources of a type, sorted by name.
func (g *Graph) Of(typ string) []Resource {
	var found []Resource
	for _, r := range g.Resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return found
}

// One returns the single resource of a type and fails the test when there is another number of them.
func (g *Graph) One(t testing.TB, typ string) Resource {
	t.Helper()
	found := g.Of(typ)
	require.Len(t, found, 1, "resources of type %s", typ)
	return found[0]
}

// Named returns the resource with a type and a logical name.
func (g *Graph) Named(t testing.TB, typ, name string) Resource {
	t.Helper()
	for _, r := range g.Of(typ) {
		if r.Name == name {
			return r
		}
	}
	require.Fail(t, "not registered", "%s %s; registered: %s", typ, name, strings.Join(g.URNs(), "\n"))
	return Resource{}
}

// URNs returns all URNs, sorted.
func (g *Graph) URNs() []string {
	var urns []string
	for _, r := range g.Resources {
		urns = append(urns, r.URN)
	}
	slices.Sort(urns)
	return urns
}

// DependsOn tells whether the registration of one resource waited for another: by an option or by a property.
func (g *Graph) DependsOn(on, of Resource) bool {
	return slices.Contains(on.Request.GetDependencies(), of.URN)
}

// RequireProviders fails the test when a custom resource names no provider or a default one: default providers are
// disabled, and mocks do not enforce it.
func (g *Graph) RequireProviders(t testing.TB) {
	t.Helper()
	for _, r := range g.Resources {
		if (!r.Request.GetCustom() && r.Reads == "") || strings.HasPrefix(r.Type, "pulumi:providers:") {
			continue
		}
		require.NotEmpty(t, r.Provider, "%s has no explicit provider", r.URN)
		require.NotContains(t, r.Provider, "default", "%s uses a default provider", r.URN)
	}
}
