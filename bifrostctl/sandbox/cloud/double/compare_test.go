package double

import (
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// bridged is a provider of one type, as the Terraform bridge would serve it.
func bridged(typ *Type) *server {
	return &server{provider: &Provider{Types: map[string]*Type{"t": typ}}}
}

// TestStateAgainstInputs: what the bridge calls a difference, and what it does not.
func TestStateAgainstInputs(t *testing.T) {
	typ := &Type{
		TypeSchema: TypeSchema{
			Computed: []string{"arn", "size", "block.computed", "subnets"},
			Sets:     []string{"set", "block.set", "subnets"},
			Defaults: map[string]any{"path": "/", "block.timeout": 30.0},
		},
		Name:  AutoName{Path: "name"},
		Equal: map[string]func(state, input any) bool{"url": func(state, input any) bool { return "https://"+state.(string) == input }},
	}
	for name, c := range map[string]struct {
		state, after Object
		ignored      []string
		want         []string
	}{
		"the same":                        {Object{"name": "a"}, Object{"name": "a"}, nil, nil},
		"an output":                       {Object{"arn": "x"}, Object{}, nil, nil},
		"a computed one, not given":       {Object{"size": 3.0}, Object{}, nil, nil},
		"a computed one, given":           {Object{"size": 3.0}, Object{"size": 4.0}, nil, []string{"size"}},
		"a computed one, given empty":     {Object{"arn": "x"}, Object{"arn": ""}, nil, nil},
		"a computed one, given as zero":   {Object{"size": 3.0}, Object{"size": 0.0}, nil, []string{"size"}},
		"a computed list, given empty":    {Object{"arn": []any{"x"}}, Object{"arn": []any{}}, nil, []string{"arn[0]"}},
		"a default":                       {Object{"path": "/"}, Object{}, nil, nil},
		"not the default":                 {Object{"path": "/a/"}, Object{}, nil, []string{"path"}},
		"taken away, kept by the service": {Object{"key": "k"}, Object{}, nil, []string{"key"}},
		"nothing, in two forms": {Object{"on": false, "list": []any{}, "text": ""}, Object{"tags": Object{}, "number": 0.0},
			nil, nil},
		"a set in another order":    {Object{"set": []any{"a", "b"}}, Object{"set": []any{"b", "a"}}, nil, nil},
		"a set with another member": {Object{"set": []any{"a", "b"}}, Object{"set": []any{"c", "a"}}, nil, []string{"set[0]"}},
		"a set with a member less":  {Object{"set": []any{"a", "b"}}, Object{"set": []any{"b"}}, nil, []string{"set[1]"}},
		"a list in another order": {Object{"list": []any{"a", "b"}}, Object{"list": []any{"b", "a"}}, nil,
			[]string{"list[0]", "list[1]"}},
		"the same in other words":        {Object{"url": "a"}, Object{"url": "https://a"}, nil, nil},
		"other words":                    {Object{"url": "a"}, Object{"url": "https://b"}, nil, []string{"url"}},
		"a name given as nothing":        {Object{"name": "a"}, Object{"name": ""}, nil, nil},
		"a computed set, not known yet":  {Object{"subnets": []any{"a"}}, Object{"subnets": Unknown}, nil, nil},
		"the first of it, not known yet": {Object{"subnets": []any{}}, Object{"subnets": Unknown}, nil, []string{"subnets"}},
		"a member of it, not known yet":  {Object{"subnets": []any{"a"}}, Object{"subnets": []any{Unknown}}, nil, []string{"subnets[0]"}},
		"one member of a list, ignored": {Object{"list": []any{"a", "b"}}, Object{"list": []any{"c", "d"}}, []string{"list[0]"},
			[]string{"list[1]"}},
		"changed by others, ignored": {Object{"count": 5.0}, Object{"count": 2.0}, []string{"count"}, nil},
		"in a block": {Object{"block": Object{"timeout": 30.0, "computed": 1.0}},
			Object{"block": Object{"on": true}}, nil, []string{"block.on"}},
		"in each block of a list": {Object{"block": []any{Object{"timeout": 30.0, "set": []any{1.0, 2.0}}}},
			Object{"block": []any{Object{"set": []any{2.0, 1.0}}}}, nil, nil},
		"not known yet":                     {Object{"name": "a"}, Object{"name": Unknown}, nil, []string{"name"}},
		"not known yet, though it is equal": {Object{"url": "a"}, Object{"url": Unknown}, nil, []string{"url"}},
	} {
		t.Run(name, func(t *testing.T) {
			found := bridged(typ).changes(typ, c.state, Object{}, c.after, c.ignored)
			require.ElementsMatch(t, c.want, keysOf(found))
		})
	}
}

// TestInputsAgainstInputs: providers that compare inputs see no change of the state.
func TestInputsAgainstInputs(t *testing.T) {
	typ := &Type{}
	s := bridged(typ)
	s.provider.ComparesInputs = true
	require.Empty(t, s.changes(typ, Object{"a": "other"}, Object{"a": "x"}, Object{"a": "x"}, nil))
	require.Equal(t, []string{"a"}, topLevel(s.changes(typ, Object{"a": "y"}, Object{"a": "x"}, Object{"a": "y"}, nil)))
}

// TestNameGiven: the old resource goes first wherever the program gave a name, whether or not the name changes.
func TestNameGiven(t *testing.T) {
	name := AutoName{Path: "name", Separator: "-", Digits: 7}
	for text, c := range map[string]struct {
		in, marks Object
		want      bool
	}{
		"given":                     {Object{"name": "a"}, Object{madeUp: []any{}}, true},
		"given, like a made-up one": {Object{"name": "a-0123456"}, Object{madeUp: []any{"other"}}, true},
		"made up":                   {Object{"name": "a-0123456"}, Object{madeUp: []any{"name"}}, false},
		"a prefix":                  {Object{"namePrefix": "a"}, Object{madeUp: []any{}}, false},
		"before marks were kept":    {Object{"name": "a"}, Object{}, false},
	} {
		require.Equal(t, c.want, name.nameGiven(c.in, c.marks), text)
	}
}

// TestReplacingPropertiesInLists: the tables leave out places in lists.
func TestReplacingPropertiesInLists(t *testing.T) {
	before := Object{"records": []any{Object{"type": "A"}, Object{"type": "AAAA"}}}
	after := Object{"records": []any{Object{"type": "A"}, Object{"type": "SRV"}}}
	res := diffResponse(changesOf(before, after), []string{"records.type"})
	require.Equal(t, []string{"records"}, res.Replaces)
	require.Equal(t, pulumirpc.PropertyDiff_UPDATE_REPLACE, res.DetailedDiff["records[1].type"].Kind)
	require.Empty(t, diffResponse(changesOf(before, after), []string{"record", "records.typ"}).Replaces)
	require.True(t, slices.Equal([]string{"records"}, topLevel(changesOf(before, after))))
}

// TestReplacingPropertiesInBlocks: a block replaces with what it holds as it comes and goes, and not while nobody knows what it will hold.
func TestReplacingPropertiesInBlocks(t *testing.T) {
	typ := &Type{}
	with := Object{"dns": Object{"records": []any{Object{"ttl": 1.0, "type": "A"}}}}
	for name, c := range map[string]struct {
		state, after Object
		replaces     bool
	}{
		"comes":           {Object{}, with, true},
		"goes":            {with, Object{}, true},
		"a member more":   {with, Object{"dns": Object{"records": []any{Object{"ttl": 1.0, "type": "A"}, Object{"type": "B"}}}}, true},
		"goes without it": {Object{"dns": Object{"ttl": 1.0}}, Object{}, false},
		"unknown":         {with, Object{"dns": Unknown}, false},
		"itself unknown":  {with, Object{"dns": Object{"records": []any{Object{"ttl": 1.0, "type": Unknown}}}}, true},
	} {
		res := diffResponse(bridged(typ).changes(typ, c.state, Object{}, c.after, nil), []string{"dns.records.type"})
		require.Equal(t, pulumirpc.DiffResponse_DIFF_SOME, res.Changes, name)
		require.Equal(t, c.replaces, len(res.Replaces) > 0, name)
	}
}
