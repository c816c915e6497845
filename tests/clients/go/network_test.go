package clients

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
)

func network(prefix string) armnetwork.VirtualNetwork {
	return armnetwork.VirtualNetwork{
		Location: to.Ptr(region),
		Properties: &armnetwork.VirtualNetworkPropertiesFormat{
			AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: []*string{to.Ptr(prefix)}},
		},
	}
}

func TestVirtualNetworks(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.network.NewVirtualNetworksClient()
	body := network("10.0.0.0/16")
	body.Properties.Subnets = []*armnetwork.Subnet{{
		Name:       to.Ptr("first"),
		Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.0.0.0/24")},
	}}
	life[armnetwork.VirtualNetwork]{
		path: "virtualNetworks/net",
		body: body,
		get: func() (armnetwork.VirtualNetwork, error) {
			got, err := client.Get(ctx, p.group, "net", nil)
			return got.VirtualNetwork, err
		},
		put: func(body armnetwork.VirtualNetwork) (armnetwork.VirtualNetwork, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "net", body, nil))
			return put.VirtualNetwork, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "net", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.VirtualNetworksClientListResponse) []*armnetwork.VirtualNetwork {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.VirtualNetworksClientListAllResponse) []*armnetwork.VirtualNetwork {
					return page.Value
				}),
			}
		},
		made: func(net armnetwork.VirtualNetwork) bool {
			return *net.Properties.Subnets[0].ID == *net.ID+"/subnets/first" && net.Properties.ResourceGUID != nil
		},
		change: func(net *armnetwork.VirtualNetwork) {
			space := net.Properties.AddressSpace
			space.AddressPrefixes = append(space.AddressPrefixes, to.Ptr("10.1.0.0/16"))
		},
		changed: func(net armnetwork.VirtualNetwork) bool { return len(net.Properties.AddressSpace.AddressPrefixes) == 2 },
	}.live(t, p)
}

func TestSubnets(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16")
	client := p.network.NewSubnetsClient()
	life[armnetwork.Subnet]{
		path: "virtualNetworks/net/subnets/first",
		body: armnetwork.Subnet{Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.0.0.0/24")}},
		get: func() (armnetwork.Subnet, error) {
			got, err := client.Get(ctx, p.group, "net", "first", nil)
			return got.Subnet, err
		},
		put: func(body armnetwork.Subnet) (armnetwork.Subnet, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "net", "first", body, nil))
			return put.Subnet, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "net", "first", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "net", nil), func(page armnetwork.SubnetsClientListResponse) []*armnetwork.Subnet {
					return page.Value
				}),
			}
		},
		made: func(subnet armnetwork.Subnet) bool {
			return *subnet.Properties.PrivateEndpointNetworkPolicies == armnetwork.VirtualNetworkPrivateEndpointNetworkPoliciesDisabled
		},
		change: func(subnet *armnetwork.Subnet) {
			subnet.Properties.ServiceEndpoints = []*armnetwork.ServiceEndpointPropertiesFormat{{Service: to.Ptr("Microsoft.Storage")}}
		},
		changed: func(subnet armnetwork.Subnet) bool {
			return *subnet.Properties.ServiceEndpoints[0].ProvisioningState == armnetwork.ProvisioningStateSucceeded
		},
	}.live(t, p)
}

func rule(name string, priority int32) *armnetwork.SecurityRule {
	return &armnetwork.SecurityRule{
		Name: to.Ptr(name),
		Properties: &armnetwork.SecurityRulePropertiesFormat{
			Priority:                 to.Ptr(priority),
			Protocol:                 to.Ptr(armnetwork.SecurityRuleProtocolTCP),
			Direction:                to.Ptr(armnetwork.SecurityRuleDirectionInbound),
			Access:                   to.Ptr(armnetwork.SecurityRuleAccessAllow),
			SourceAddressPrefix:      to.Ptr("10.0.0.0/8"),
			SourcePortRange:          to.Ptr("*"),
			DestinationAddressPrefix: to.Ptr("*"),
			DestinationPortRange:     to.Ptr("443"),
		},
	}
}

func TestNetworkSecurityGroups(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.network.NewSecurityGroupsClient()
	life[armnetwork.SecurityGroup]{
		path: "networkSecurityGroups/group",
		body: armnetwork.SecurityGroup{
			Location:   to.Ptr(region),
			Properties: &armnetwork.SecurityGroupPropertiesFormat{SecurityRules: []*armnetwork.SecurityRule{rule("web", 100)}},
		},
		get: func() (armnetwork.SecurityGroup, error) {
			got, err := client.Get(ctx, p.group, "group", nil)
			return got.SecurityGroup, err
		},
		put: func(body armnetwork.SecurityGroup) (armnetwork.SecurityGroup, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "group", body, nil))
			return put.SecurityGroup, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "group", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.SecurityGroupsClientListResponse) []*armnetwork.SecurityGroup {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.SecurityGroupsClientListAllResponse) []*armnetwork.SecurityGroup {
					return page.Value
				}),
			}
		},
		made: func(group armnetwork.SecurityGroup) bool { return len(group.Properties.DefaultSecurityRules) == 6 },
		change: func(group *armnetwork.SecurityGroup) {
			group.Properties.SecurityRules = append(group.Properties.SecurityRules, rule("other", 200))
		},
		changed: func(group armnetwork.SecurityGroup) bool { return len(group.Properties.SecurityRules) == 2 },
	}.live(t, p)
}

func TestSecurityRules(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	_, err := wait(p.network.NewSecurityGroupsClient().BeginCreateOrUpdate(
		ctx, p.group, "group", armnetwork.SecurityGroup{Location: to.Ptr(region)}, nil))
	must(t, err)
	client := p.network.NewSecurityRulesClient()
	life[armnetwork.SecurityRule]{
		path: "networkSecurityGroups/group/securityRules/web",
		body: *rule("web", 100),
		get: func() (armnetwork.SecurityRule, error) {
			got, err := client.Get(ctx, p.group, "group", "web", nil)
			return got.SecurityRule, err
		},
		put: func(body armnetwork.SecurityRule) (armnetwork.SecurityRule, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "group", "web", body, nil))
			return put.SecurityRule, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "group", "web", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "group", nil), func(page armnetwork.SecurityRulesClientListResponse) []*armnetwork.SecurityRule {
					return page.Value
				}),
			}
		},
		made:    func(one armnetwork.SecurityRule) bool { return *one.Properties.SourceAddressPrefix == "10.0.0.0/8" },
		change:  func(one *armnetwork.SecurityRule) { one.Properties.Priority = to.Ptr[int32](200) },
		changed: func(one armnetwork.SecurityRule) bool { return *one.Properties.Priority == 200 },
	}.live(t, p)

	rules, err := ids(p.network.NewDefaultSecurityRulesClient().NewListPager(p.group, "group", nil),
		func(page armnetwork.DefaultSecurityRulesClientListResponse) []*armnetwork.SecurityRule {
			return page.Value
		})()
	must(t, err)
	if len(rules) != 6 {
		t.Fatalf("default rules: %v", rules)
	}
}

func TestApplicationSecurityGroups(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.network.NewApplicationSecurityGroupsClient()
	life[armnetwork.ApplicationSecurityGroup]{
		path: "applicationSecurityGroups/web",
		body: armnetwork.ApplicationSecurityGroup{Location: to.Ptr(region)},
		get: func() (armnetwork.ApplicationSecurityGroup, error) {
			got, err := client.Get(ctx, p.group, "web", nil)
			return got.ApplicationSecurityGroup, err
		},
		put: func(body armnetwork.ApplicationSecurityGroup) (armnetwork.ApplicationSecurityGroup, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "web", body, nil))
			return put.ApplicationSecurityGroup, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "web", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.ApplicationSecurityGroupsClientListResponse) []*armnetwork.ApplicationSecurityGroup {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.ApplicationSecurityGroupsClientListAllResponse) []*armnetwork.ApplicationSecurityGroup {
					return page.Value
				}),
			}
		},
		made: func(group armnetwork.ApplicationSecurityGroup) bool { return group.Properties.ResourceGUID != nil },
		change: func(group *armnetwork.ApplicationSecurityGroup) {
			group.Tags = map[string]*string{"team": to.Ptr("network")}
		},
		changed: func(group armnetwork.ApplicationSecurityGroup) bool { return *group.Tags["team"] == "network" },
	}.live(t, p)
}

func TestRouteTables(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.network.NewRouteTablesClient()
	life[armnetwork.RouteTable]{
		path: "routeTables/table",
		body: armnetwork.RouteTable{Location: to.Ptr(region)},
		get: func() (armnetwork.RouteTable, error) {
			got, err := client.Get(ctx, p.group, "table", nil)
			return got.RouteTable, err
		},
		put: func(body armnetwork.RouteTable) (armnetwork.RouteTable, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "table", body, nil))
			return put.RouteTable, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "table", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.RouteTablesClientListResponse) []*armnetwork.RouteTable {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.RouteTablesClientListAllResponse) []*armnetwork.RouteTable {
					return page.Value
				}),
			}
		},
		made:    func(table armnetwork.RouteTable) bool { return table.Properties.DisableBgpRoutePropagation != nil },
		change:  func(table *armnetwork.RouteTable) { table.Properties.DisableBgpRoutePropagation = to.Ptr(true) },
		changed: func(table armnetwork.RouteTable) bool { return *table.Properties.DisableBgpRoutePropagation },
	}.live(t, p)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	_, err := wait(p.network.NewRouteTablesClient().BeginCreateOrUpdate(
		ctx, p.group, "table", armnetwork.RouteTable{Location: to.Ptr(region)}, nil))
	must(t, err)
	client := p.network.NewRoutesClient()
	life[armnetwork.Route]{
		path: "routeTables/table/routes/out",
		body: armnetwork.Route{Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: to.Ptr("10.2.0.0/16"),
			NextHopType:   to.Ptr(armnetwork.RouteNextHopTypeVnetLocal),
		}},
		get: func() (armnetwork.Route, error) {
			got, err := client.Get(ctx, p.group, "table", "out", nil)
			return got.Route, err
		},
		put: func(body armnetwork.Route) (armnetwork.Route, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "table", "out", body, nil))
			return put.Route, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "table", "out", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "table", nil), func(page armnetwork.RoutesClientListResponse) []*armnetwork.Route {
					return page.Value
				}),
			}
		},
		made:   func(route armnetwork.Route) bool { return !*route.Properties.HasBgpOverride },
		change: func(route *armnetwork.Route) { route.Properties.NextHopType = to.Ptr(armnetwork.RouteNextHopTypeNone) },
		changed: func(route armnetwork.Route) bool {
			return *route.Properties.NextHopType == armnetwork.RouteNextHopTypeNone
		},
	}.live(t, p)
}

func TestNetworkInterfaces(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16", "machines", "10.0.0.0/24")
	client := p.network.NewInterfacesClient()
	life[armnetwork.Interface]{
		path: "networkInterfaces/nic",
		body: armnetwork.Interface{
			Location: to.Ptr(region),
			Properties: &armnetwork.InterfacePropertiesFormat{
				IPConfigurations: []*armnetwork.InterfaceIPConfiguration{{
					Name: to.Ptr("first"),
					Properties: &armnetwork.InterfaceIPConfigurationPropertiesFormat{
						PrivateIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodDynamic),
						Subnet:                    &armnetwork.Subnet{ID: to.Ptr(p.id("virtualNetworks/net/subnets/machines"))},
					},
				}},
			},
		},
		get: func() (armnetwork.Interface, error) {
			got, err := client.Get(ctx, p.group, "nic", nil)
			return got.Interface, err
		},
		put: func(body armnetwork.Interface) (armnetwork.Interface, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "nic", body, nil))
			return put.Interface, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "nic", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.InterfacesClientListResponse) []*armnetwork.Interface {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.InterfacesClientListAllResponse) []*armnetwork.Interface {
					return page.Value
				}),
			}
		},
		made:    func(nic armnetwork.Interface) bool { return *nic.Properties.IPConfigurations[0].Name == "first" },
		change:  func(nic *armnetwork.Interface) { nic.Properties.EnableIPForwarding = to.Ptr(true) },
		changed: func(nic armnetwork.Interface) bool { return *nic.Properties.EnableIPForwarding },
	}.live(t, p)
}
