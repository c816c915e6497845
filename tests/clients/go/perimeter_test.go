package clients

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
)

func (p place) makePerimeter(t *testing.T, name string) armnetwork.SecurityPerimeter {
	t.Helper()
	body := armnetwork.SecurityPerimeter{Location: to.Ptr(region)}
	made, err := p.network.NewSecurityPerimetersClient().CreateOrUpdate(context.Background(), p.group, name, body, nil)
	must(t, err)
	return made.SecurityPerimeter
}

func (p place) makeProfile(t *testing.T, perimeter, name string) armnetwork.NspProfile {
	t.Helper()
	client := p.network.NewSecurityPerimeterProfilesClient()
	made, err := client.CreateOrUpdate(context.Background(), p.group, perimeter, name, armnetwork.NspProfile{}, nil)
	must(t, err)
	return made.NspProfile
}

// TestPerimeters leads a perimeter and each of its parts through its life.
func TestPerimeters(t *testing.T) {
	t.Parallel()
	for name, lead := range map[string]func(*testing.T, place){
		"perimeter":     perimeterLives,
		"access rule":   accessRuleLives,
		"link":          linkLives,
		"logging":       loggingLives,
		"other profile": profileLives,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lead(t, newPlace(t))
		})
	}
}

func perimeterLives(t *testing.T, p place) {
	ctx, client := context.Background(), p.network.NewSecurityPerimetersClient()
	life[armnetwork.SecurityPerimeter]{
		path: "networkSecurityPerimeters/perimeter",
		body: armnetwork.SecurityPerimeter{Location: to.Ptr(region)},
		get: func() (armnetwork.SecurityPerimeter, error) {
			got, err := client.Get(ctx, p.group, "perimeter", nil)
			return got.SecurityPerimeter, err
		},
		put: func(body armnetwork.SecurityPerimeter) (armnetwork.SecurityPerimeter, error) {
			put, err := client.CreateOrUpdate(ctx, p.group, "perimeter", body, nil)
			return put.SecurityPerimeter, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "perimeter", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.SecurityPerimetersClientListResponse) []*armnetwork.SecurityPerimeter {
					return page.Value
				}),
				ids(client.NewListBySubscriptionPager(nil), func(page armnetwork.SecurityPerimetersClientListBySubscriptionResponse) []*armnetwork.SecurityPerimeter {
					return page.Value
				}),
			}
		},
		made:    func(one armnetwork.SecurityPerimeter) bool { return one.Properties.PerimeterGUID != nil },
		change:  func(one *armnetwork.SecurityPerimeter) { one.Tags = map[string]*string{"team": to.Ptr("network")} },
		changed: func(one armnetwork.SecurityPerimeter) bool { return *one.Tags["team"] == "network" },
	}.live(t, p)
}

func profileLives(t *testing.T, p place) {
	ctx, client := context.Background(), p.network.NewSecurityPerimeterProfilesClient()
	p.makePerimeter(t, "perimeter")
	life[armnetwork.NspProfile]{
		path: "networkSecurityPerimeters/perimeter/profiles/profile",
		get: func() (armnetwork.NspProfile, error) {
			got, err := client.Get(ctx, p.group, "perimeter", "profile", nil)
			return got.NspProfile, err
		},
		put: func(body armnetwork.NspProfile) (armnetwork.NspProfile, error) {
			put, err := client.CreateOrUpdate(ctx, p.group, "perimeter", "profile", body, nil)
			return put.NspProfile, err
		},
		remove: func() error {
			_, err := client.Delete(ctx, p.group, "perimeter", "profile", nil)
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "perimeter", nil), func(page armnetwork.SecurityPerimeterProfilesClientListResponse) []*armnetwork.NspProfile {
					return page.Value
				}),
			}
		},
		made: func(one armnetwork.NspProfile) bool { return one.Properties.AccessRulesVersion != nil },
		// A profile has nothing to change.
		change:  func(*armnetwork.NspProfile) {},
		changed: func(armnetwork.NspProfile) bool { return true },
	}.live(t, p)
}

func accessRuleLives(t *testing.T, p place) {
	ctx, client := context.Background(), p.network.NewSecurityPerimeterAccessRulesClient()
	p.makePerimeter(t, "perimeter")
	p.makeProfile(t, "perimeter", "profile")
	life[armnetwork.NspAccessRule]{
		path: "networkSecurityPerimeters/perimeter/profiles/profile/accessRules/office",
		body: armnetwork.NspAccessRule{Properties: &armnetwork.NspAccessRuleProperties{
			Direction:       to.Ptr(armnetwork.AccessRuleDirectionInbound),
			AddressPrefixes: to.SliceOfPtrs("198.51.100.0/24"),
		}},
		get: func() (armnetwork.NspAccessRule, error) {
			got, err := client.Get(ctx, p.group, "perimeter", "profile", "office", nil)
			return got.NspAccessRule, err
		},
		put: func(body armnetwork.NspAccessRule) (armnetwork.NspAccessRule, error) {
			put, err := client.CreateOrUpdate(ctx, p.group, "perimeter", "profile", "office", body, nil)
			return put.NspAccessRule, err
		},
		remove: func() error {
			_, err := client.Delete(ctx, p.group, "perimeter", "profile", "office", nil)
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "perimeter", "profile", nil), func(page armnetwork.SecurityPerimeterAccessRulesClientListResponse) []*armnetwork.NspAccessRule {
					return page.Value
				}),
			}
		},
		made: func(one armnetwork.NspAccessRule) bool {
			return *one.Properties.AddressPrefixes[0] == "198.51.100.0/24"
		},
		change: func(one *armnetwork.NspAccessRule) {
			one.Properties.AddressPrefixes = append(one.Properties.AddressPrefixes, to.Ptr("203.0.113.0/24"))
		},
		changed: func(one armnetwork.NspAccessRule) bool { return len(one.Properties.AddressPrefixes) == 2 },
	}.live(t, p)
}

func linkLives(t *testing.T, p place) {
	ctx, client := context.Background(), p.network.NewSecurityPerimeterLinksClient()
	p.makePerimeter(t, "perimeter")
	p.makeProfile(t, "perimeter", "profile")
	remote := p.makePerimeter(t, "remote")
	life[armnetwork.NspLink]{
		path: "networkSecurityPerimeters/perimeter/links/to-remote",
		body: armnetwork.NspLink{Properties: &armnetwork.NspLinkProperties{
			AutoApprovedRemotePerimeterResourceID: remote.ID,
			LocalInboundProfiles:                  to.SliceOfPtrs("*"),
			RemoteInboundProfiles:                 to.SliceOfPtrs("*"),
		}},
		get: func() (armnetwork.NspLink, error) {
			got, err := client.Get(ctx, p.group, "perimeter", "to-remote", nil)
			return got.NspLink, err
		},
		put: func(body armnetwork.NspLink) (armnetwork.NspLink, error) {
			put, err := client.CreateOrUpdate(ctx, p.group, "perimeter", "to-remote", body, nil)
			return put.NspLink, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "perimeter", "to-remote", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "perimeter", nil), func(page armnetwork.SecurityPerimeterLinksClientListResponse) []*armnetwork.NspLink {
					return page.Value
				}),
			}
		},
		made: func(one armnetwork.NspLink) bool {
			status := one.Properties.Status
			return status != nil && *status == armnetwork.NspLinkStatusApproved
		},
		change:  func(one *armnetwork.NspLink) { one.Properties.LocalInboundProfiles = to.SliceOfPtrs("profile") },
		changed: func(one armnetwork.NspLink) bool { return *one.Properties.LocalInboundProfiles[0] == "profile" },
	}.live(t, p)
}

func loggingLives(t *testing.T, p place) {
	ctx, client := context.Background(), p.network.NewSecurityPerimeterLoggingConfigurationsClient()
	p.makePerimeter(t, "perimeter")
	life[armnetwork.NspLoggingConfiguration]{
		path: "networkSecurityPerimeters/perimeter/loggingConfigurations/instance",
		body: armnetwork.NspLoggingConfiguration{Properties: &armnetwork.NspLoggingConfigurationProperties{
			EnabledLogCategories: to.SliceOfPtrs("NspPublicInboundPerimeterRulesDenied"),
		}},
		get: func() (armnetwork.NspLoggingConfiguration, error) {
			got, err := client.Get(ctx, p.group, "perimeter", "instance", nil)
			return got.NspLoggingConfiguration, err
		},
		put: func(body armnetwork.NspLoggingConfiguration) (armnetwork.NspLoggingConfiguration, error) {
			put, err := client.CreateOrUpdate(ctx, p.group, "perimeter", "instance", body, nil)
			return put.NspLoggingConfiguration, err
		},
		remove: func() error {
			_, err := client.Delete(ctx, p.group, "perimeter", "instance", nil)
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "perimeter", nil), func(page armnetwork.SecurityPerimeterLoggingConfigurationsClientListResponse) []*armnetwork.NspLoggingConfiguration {
					return page.Value
				}),
			}
		},
		made: func(one armnetwork.NspLoggingConfiguration) bool { return one.Properties.EnabledLogCategories != nil },
		change: func(one *armnetwork.NspLoggingConfiguration) {
			categories := &one.Properties.EnabledLogCategories
			*categories = append(*categories, to.Ptr("NspPublicInboundPerimeterRulesAllowed"))
		},
		changed: func(one armnetwork.NspLoggingConfiguration) bool {
			return len(one.Properties.EnabledLogCategories) == 2
		},
	}.live(t, p)
}
