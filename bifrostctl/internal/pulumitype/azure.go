package pulumitype

// Resources of the Azure Native provider and, as what a tenant has, of the Azure AD provider.
const (
	AzureManagedCluster      = "azure-native:containerservice:ManagedCluster"
	AzureFederatedCredential = "azure-native:managedidentity:FederatedIdentityCredential"
	AzureManagedIdentity     = "azure-native:managedidentity:UserAssignedIdentity"
	AzureRoleAssignment      = "azure-native:authorization:RoleAssignment"
	AzureResourceGroup       = "azure-native:resources:ResourceGroup"
	AzureApplication         = "azuread:index/application:Application"
)

// Look-ups of the Azure Native provider.
const (
	AzureGetManagedIdentity  = "azure-native:managedidentity:getUserAssignedIdentity"
	AzureGetManagedCluster   = "azure-native:containerservice:getManagedCluster"
	AzureListUserCredentials = "azure-native:containerservice:listManagedClusterUserCredentials"
)
