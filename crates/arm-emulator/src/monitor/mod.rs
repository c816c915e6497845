//! `Microsoft.Insights`: diagnostic settings of any resource, alerts and the groups that they tell.

pub(crate) mod activity_log;
pub(crate) mod alert;
pub(crate) mod category;
pub(crate) mod group;
pub(crate) mod setting;
pub(crate) mod setting_answer;
