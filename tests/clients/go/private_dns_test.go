package clients

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
)

const zoneName = "example.internal"

func TestPrivateDNSZones(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.dns.NewPrivateZonesClient()
	life[armprivatedns.PrivateZone]{
		path: "privateDnsZones/" + zoneName,
		body: armprivatedns.PrivateZone{Location: to.Ptr("global")},
		get: func() (armprivatedns.PrivateZone, error) {
			got, err := client.Get(ctx, p.group, zoneName, nil)
			return got.PrivateZone, err
		},
		put: func(body armprivatedns.PrivateZone) (armprivatedns.PrivateZone, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, zoneName, body, nil))
			return put.PrivateZone, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, zoneName, nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListByResourceGroupPager(p.group, nil), func(page armprivatedns.PrivateZonesClientListByResourceGroupResponse) []*armprivatedns.PrivateZone {
					return page.Value
				}),
				// A page for each zone.
				ids(client.NewListPager(&armprivatedns.PrivateZonesClientListOptions{Top: to.Ptr[int32](1)}), func(page armprivatedns.PrivateZonesClientListResponse) []*armprivatedns.PrivateZone {
					return page.Value
				}),
			}
		},
		made:    func(zone armprivatedns.PrivateZone) bool { return *zone.Properties.NumberOfRecordSets == 1 },
		change:  func(zone *armprivatedns.PrivateZone) { zone.Tags = map[string]*string{"team": to.Ptr("network")} },
		changed: func(zone armprivatedns.PrivateZone) bool { return *zone.Tags["team"] == "network" },
	}.live(t, p)
}

func TestVirtualNetworkLinks(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16")
	p.makeZone(t, zoneName)
	client := p.dns.NewVirtualNetworkLinksClient()
	life[armprivatedns.VirtualNetworkLink]{
		path: "privateDnsZones/" + zoneName + "/virtualNetworkLinks/net",
		body: armprivatedns.VirtualNetworkLink{
			Location: to.Ptr("global"),
			Properties: &armprivatedns.VirtualNetworkLinkProperties{
				VirtualNetwork:      &armprivatedns.SubResource{ID: to.Ptr(p.id("virtualNetworks/net"))},
				RegistrationEnabled: to.Ptr(false),
			},
		},
		get: func() (armprivatedns.VirtualNetworkLink, error) {
			got, err := client.Get(ctx, p.group, zoneName, "net", nil)
			return got.VirtualNetworkLink, err
		},
		put: func(body armprivatedns.VirtualNetworkLink) (armprivatedns.VirtualNetworkLink, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, zoneName, "net", body, nil))
			return put.VirtualNetworkLink, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, zoneName, "net", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, zoneName, nil), func(page armprivatedns.VirtualNetworkLinksClientListResponse) []*armprivatedns.VirtualNetworkLink {
					return page.Value
				}),
			}
		},
		made: func(link armprivatedns.VirtualNetworkLink) bool {
			return *link.Properties.VirtualNetworkLinkState == armprivatedns.VirtualNetworkLinkStateCompleted
		},
		change:  func(link *armprivatedns.VirtualNetworkLink) { link.Properties.RegistrationEnabled = to.Ptr(true) },
		changed: func(link armprivatedns.VirtualNetworkLink) bool { return *link.Properties.RegistrationEnabled },
	}.live(t, p)
}

func TestRecordSets(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeZone(t, zoneName)
	client := p.dns.NewRecordSetsClient()
	cases := map[armprivatedns.RecordType]armprivatedns.RecordSetProperties{
		armprivatedns.RecordTypeA:     {ARecords: []*armprivatedns.ARecord{{IPv4Address: to.Ptr("10.0.0.4")}}},
		armprivatedns.RecordTypeAAAA:  {AaaaRecords: []*armprivatedns.AaaaRecord{{IPv6Address: to.Ptr("fd00::4")}}},
		armprivatedns.RecordTypeCNAME: {CnameRecord: &armprivatedns.CnameRecord{Cname: to.Ptr("one.example")}},
		armprivatedns.RecordTypeMX: {MxRecords: []*armprivatedns.MxRecord{
			{Preference: to.Ptr[int32](10), Exchange: to.Ptr("mail.example")},
		}},
		armprivatedns.RecordTypePTR: {PtrRecords: []*armprivatedns.PtrRecord{{Ptrdname: to.Ptr("one.example")}}},
		armprivatedns.RecordTypeSRV: {SrvRecords: []*armprivatedns.SrvRecord{
			{Priority: to.Ptr[int32](1), Weight: to.Ptr[int32](2), Port: to.Ptr[int32](389), Target: to.Ptr("ldap.example")},
		}},
		armprivatedns.RecordTypeTXT: {TxtRecords: []*armprivatedns.TxtRecord{{Value: to.SliceOfPtrs("one", "two")}}},
	}
	for kind, properties := range cases {
		t.Run(string(kind), func(t *testing.T) {
			name := "name-" + string(kind)
			properties.TTL = to.Ptr[int64](60)
			life[armprivatedns.RecordSet]{
				// Azure answers the names of record sets in lower case.
				path: "privateDnsZones/" + zoneName + "/" + string(kind) + "/" + lower(name),
				body: armprivatedns.RecordSet{Properties: &properties},
				get: func() (armprivatedns.RecordSet, error) {
					got, err := client.Get(ctx, p.group, zoneName, kind, name, nil)
					return got.RecordSet, err
				},
				put: func(body armprivatedns.RecordSet) (armprivatedns.RecordSet, error) {
					put, err := client.CreateOrUpdate(ctx, p.group, zoneName, kind, name, body, nil)
					return put.RecordSet, err
				},
				remove: func() error {
					_, err := client.Delete(ctx, p.group, zoneName, kind, name, nil)
					return err
				},
				lists: func() []func() ([]string, error) {
					return []func() ([]string, error){
						ids(client.NewListByTypePager(p.group, zoneName, kind, nil), func(page armprivatedns.RecordSetsClientListByTypeResponse) []*armprivatedns.RecordSet {
							return page.Value
						}),
						ids(client.NewListPager(p.group, zoneName, nil), func(page armprivatedns.RecordSetsClientListResponse) []*armprivatedns.RecordSet {
							return page.Value
						}),
					}
				},
				made: func(set armprivatedns.RecordSet) bool {
					return *set.Properties.Fqdn == lower(name)+"."+zoneName+"." && !*set.Properties.IsAutoRegistered
				},
				change:  func(set *armprivatedns.RecordSet) { set.Properties.TTL = to.Ptr[int64](120) },
				changed: func(set armprivatedns.RecordSet) bool { return *set.Properties.TTL == 120 },
			}.live(t, p)
		})
	}
}
