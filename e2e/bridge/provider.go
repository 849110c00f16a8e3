package main

import (
	"context"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const version = "0.0.1"

// provider bridges a Terraform provider of the table's types.
func (t *Table) provider() pulumirpc.ResourceProviderServer {
	terraform := &schema.Provider{ResourcesMap: map[string]*schema.Resource{}}
	info := tfbridge.ProviderInfo{
		Name: t.Package, Version: version, MetadataInfo: &tfbridge.MetadataInfo{},
		// As pulumi-aws and pulumi-gcp have it (provider/resources.go).
		EnableZeroDefaultSchemaVersion: true,
		Resources:                      map[string]*tfbridge.ResourceInfo{},
	}
	for token, typ := range t.Types {
		name := t.Package + "_" + strings.NewReplacer(":", "_", "/", "_").Replace(token)
		terraform.ResourcesMap[name] = typ.resource()
		info.Resources[name] = &tfbridge.ResourceInfo{
			Tok: tokens.Type(token), DeleteBeforeReplace: typ.DeletesFirst, Fields: typ.fields(),
		}
	}
	info.P = shim.NewProvider(terraform)
	return tfbridge.NewProvider(context.Background(), nil, t.Package, version, info.P, info, nil)
}

// resource is the type in Terraform's SDK. What it does to clouds is nothing: only plans are asked for.
func (t Type) resource() *schema.Resource {
	nothing := func(context.Context, *schema.ResourceData, any) diag.Diagnostics { return nil }
	r := &schema.Resource{
		CreateContext: nothing, ReadContext: nothing, UpdateContext: nothing, DeleteContext: nothing, Schema: schemas(t.Properties),
	}
	if t.Name != nil && t.Name.Unless != "" {
		name, unless := snake(t.Name.Property), snake(t.Name.Unless)
		r.Schema[name].ConflictsWith = []string{unless}
		r.Schema[unless].ConflictsWith = []string{name}
	}
	return r
}

// fields are the names that Pulumi knows the properties by, and how the type's name is made up.
func (t Type) fields() map[string]*tfbridge.SchemaInfo {
	all := fields(t.Properties)
	if t.Name != nil {
		all[snake(t.Name.Property)] = tfbridge.AutoNameWithCustomOptions(t.Name.Property, tfbridge.AutoNameOptions{
			Separator: t.Name.Separator, Randlen: t.Name.Digits, Maxlen: 255,
		})
	}
	return all
}

var kinds = map[string]schema.ValueType{
	"string": schema.TypeString, "bool": schema.TypeBool, "int": schema.TypeInt, "number": schema.TypeFloat,
	"list": schema.TypeList, "set": schema.TypeSet, "map": schema.TypeMap, "object": schema.TypeList,
}

func schemas(properties map[string]Property) map[string]*schema.Schema {
	all := map[string]*schema.Schema{}
	for name, p := range properties {
		all[snake(name)] = p.schema()
	}
	return all
}

func (p Property) schema() *schema.Schema {
	s := &schema.Schema{
		Type: kinds[p.Kind], Required: p.Required, Optional: p.Optional, Computed: p.Computed, ForceNew: p.ForceNew,
		Sensitive: p.Secret, Default: p.Default,
	}
	if n, ok := p.Default.(float64); ok && p.Kind == "int" {
		s.Default = int(n)
	}
	switch p.Kind {
	case "map":
		s.Elem = &schema.Schema{Type: schema.TypeString}
	case "object":
		s.MaxItems = 1
		s.Elem = &schema.Resource{Schema: schemas(p.Properties)}
	case "list", "set":
		s.Elem = p.Elem.element()
	}
	return s
}

// element is what a list or a set holds: Terraform tells blocks from values.
func (p Property) element() any {
	if p.Kind == "object" {
		return &schema.Resource{Schema: schemas(p.Properties)}
	}
	return p.schema()
}

func fields(properties map[string]Property) map[string]*tfbridge.SchemaInfo {
	all := map[string]*tfbridge.SchemaInfo{}
	for name, p := range properties {
		all[snake(name)] = p.info(name)
	}
	return all
}

func (p Property) info(name string) *tfbridge.SchemaInfo {
	s := &tfbridge.SchemaInfo{Name: name}
	if p.Kind == "object" {
		s.Elem = &tfbridge.SchemaInfo{Fields: fields(p.Properties)}
	}
	if p.Elem != nil {
		one := false
		s.MaxItemsOne = &one
		s.Elem = p.Elem.info("")
		if p.Elem.Kind == "object" {
			s.Elem = &tfbridge.SchemaInfo{Fields: fields(p.Elem.Properties)}
		}
	}
	return s
}

// snake is the name in Terraform's spelling. Which it is does not matter, as each has the name that Pulumi knows it by beside it.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
