// Package azurerbac is the little of Azure role-based access control that the program needs: one resource of the azure-native provider,
// typed by hand, and the ids of some roles (docs/decisions/0010-compile-cost.md).
package azurerbac

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const roleAssignmentType = "azure-native:authorization:RoleAssignment"

// RoleAssignment is the resource azure-native:authorization:RoleAssignment.
type RoleAssignment struct {
	pulumi.CustomResourceState
}

// RoleAssignmentArgs are the inputs of a RoleAssignment. Azure changes neither principal nor scope: another of them makes another one.
type RoleAssignmentArgs struct {
	// RoleAssignmentName is a UUID. Azure has one assignment of a name, and one of a role to a principal at a scope.
	RoleAssignmentName pulumi.StringInput
	PrincipalId        pulumi.StringInput
	// PrincipalType keeps Azure from looking a new identity up where it is not known yet (Azure RBAC, "Symptom - Assigning a role to a new
	// principal sometimes fails").
	PrincipalType    pulumi.StringInput
	RoleDefinitionId pulumi.StringInput
	Scope            pulumi.StringInput
}

type roleAssignmentArgs struct {
	RoleAssignmentName *string `pulumi:"roleAssignmentName"`
	PrincipalId        string  `pulumi:"principalId"`
	PrincipalType      *string `pulumi:"principalType"`
	RoleDefinitionId   string  `pulumi:"roleDefinitionId"`
	Scope              string  `pulumi:"scope"`
}

// ElementType implements pulumi.Input.
func (RoleAssignmentArgs) ElementType() reflect.Type { return reflect.TypeFor[roleAssignmentArgs]() }

// NewRoleAssignment registers a role assignment. The explicit provider that its parent hands down decides the provider's version.
func NewRoleAssignment(ctx *pulumi.Context, name string, args RoleAssignmentArgs, opts ...pulumi.ResourceOption) (*RoleAssignment, error) {
	assignment := &RoleAssignment{}
	return assignment, ctx.RegisterResource(roleAssignmentType, name, args, assignment, opts...)
}

// Roles are built-in roles that a gateway may need, by name (Azure RBAC, "Azure built-in roles"). Their ids are the same in every tenant.
var Roles = map[string]string{
	"Azure AI Developer":                      "64702f94-c441-49e6-a78b-ef80e0188fee",
	"Cognitive Services OpenAI User":          "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
	"Cognitive Services User":                 "a97b65f3-24c7-4388-baec-2e87135dc908",
	"Key Vault Secrets User":                  "4633458b-17de-408a-b874-0445c86b69e6",
	"Monitoring Metrics Publisher":            "3913510d-42f4-4e42-8a64-420c390055eb",
	"Reader":                                  "acdd72a7-3385-48ef-bd42-f606fba81ae7",
	"Storage Blob Data Contributor":           "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
	"Storage Blob Data Reader":                "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
	"Contributor":                             "b24988ac-6180-42a0-ab88-20f7382dd24c",
	"Owner":                                   "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
	"Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
	"User Access Administrator":               "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
}

// Administrators are those of them that may change everything, or give themselves any right.
var Administrators = []string{"Contributor", "Owner", "Role Based Access Control Administrator", "User Access Administrator"}

const definitions = "/providers/Microsoft.Authorization/roleDefinitions/"

// Definition is the id of a role's definition at a subscription: of a name in Roles, of a UUID, or of what is an id already.
func Definition(subscription, role string) string {
	if strings.HasPrefix(role, "/") {
		return role
	}
	if id, known := Roles[role]; known {
		role = id
	}
	return fmt.Sprintf("/subscriptions/%s%s%s", subscription, definitions, strings.ToLower(role))
}

// Name is the name of a role in Roles, by its name, its UUID or the id of its definition; empty for any other.
func Name(role string) string {
	id := strings.ToLower(role[strings.LastIndex(role, "/")+1:])
	for name, known := range Roles {
		if role == name || id == known {
			return name
		}
	}
	return ""
}
