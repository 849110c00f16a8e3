package azure

import (
	"fmt"
	"regexp"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
	"bifrost/internal/azurerbac"
)

const assignmentKind = "Microsoft.Authorization/roleAssignments"

var (
	// uuidPattern is what the name of a role assignment must be (Azure RBAC REST API, "Role Assignments - Create").
	uuidPattern       = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	definitionPattern = regexp.MustCompile(`(?i)^(/subscriptions/[0-9a-f-]{36})?/providers/Microsoft\.Authorization/roleDefinitions/` +
		`[0-9a-f-]{36}$`)
)

// roleAssignment gives a principal a role at a scope (Azure RBAC REST API, "Role Assignments"). That the principal is known is looked at
// for identities that the world has; what Azure's directory has beside is not modelled.
func roleAssignment() *double.Type {
	return &double.Type{
		Args:         azurerbac.RoleAssignmentArgs{},
		DeletesFirst: true,
		Scope:        subscription,
		Find:         find,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "roleAssignmentName", uuidPattern, fail)
			checkName(in, "roleDefinitionId", definitionPattern, fail)
			if in["roleAssignmentName"] == nil {
				fail("roleAssignmentName", "the provider would make up a UUID: the sandbox models none")
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			scope, name, principal := double.String(in, "scope"), double.String(in, "roleAssignmentName"), double.String(in, "principalId")
			if subscriptionOf(scope+"/") != subscription(c) {
				return "", nil, fmt.Errorf("Status=403 Code=\"AuthorizationFailed\" Message=\"The client does not have authorization to "+
					"perform action '%s/write' over scope '%s' or the scope is invalid.\"", assignmentKind, scope)
			}
			if !knownPrincipal(c, principal) {
				return "", nil, fmt.Errorf("Status=400 Code=\"PrincipalNotFound\" Message=\"Principal %s does not exist in the directory "+
					"%s.\"", strings.ReplaceAll(principal, "-", ""), sessionOf(c).tenant)
			}
			id := fmt.Sprintf("%s/providers/%s/%s", scope, assignmentKind, name)
			if c.World.Get(pulumitype.AzureRoleAssignment, subscription(c), id) != nil {
				return "", nil, existing(id)
			}
			for _, other := range c.World.List(pulumitype.AzureRoleAssignment, subscription(c)) {
				if other.State["principalId"] == principal && other.State["scope"] == scope &&
					strings.EqualFold(fmt.Sprint(other.State["roleDefinitionId"]), double.String(in, "roleDefinitionId")) {
					return "", nil, fmt.Errorf("Status=409 Code=\"RoleAssignmentExists\" " +
						"Message=\"The role assignment already exists.\"")
				}
			}
			state := double.Clone(in)
			delete(state, "roleAssignmentName")
			double.Default(state, "principalType", "User")
			state["name"], state["type"] = name, assignmentKind
			return id, state, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if r.State["roleDefinitionId"] != in["roleDefinitionId"] {
				return nil, fmt.Errorf("Status=400 Code=\"RoleAssignmentUpdateNotPermitted\" Message=\"Tenant ID, application ID, " +
					"principal ID, and scope are not allowed to be updated.\"")
			}
			return r.State, nil
		},
	}
}

// knownPrincipal tells whether a managed identity of the world has the principal id.
func knownPrincipal(c *double.Call, principal string) bool {
	for _, identity := range c.World.List(pulumitype.AzureManagedIdentity, subscription(c)) {
		if identity.State["principalId"] == principal {
			return true
		}
	}
	return false
}
